// What Baileys costs, and what a second process gives: `npm run bench:workers [-- --tenants 200 --workers 0,1,2 --json]`.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openPostgres } from '../../test/hosts/postgres.mjs'
import { Asked, cpuMsOf, rssBytesOf, until } from './measure.mjs'

const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '200' },
    /** 0: one process without workers. */
    workers: { type: 'string', default: '1,2' },
    /** Programs of Node to measure the host on, with commas between them; WhatsApp stays on this one. */
    nodes: { type: 'string', default: process.execPath },
    /** Messages that each tenant receives, before the measurement and in it. */
    rounds: { type: 'string', default: '10' },
    inFlight: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const tenants = Array.from({ length: Number(values.tenants) }, (_, at) => `tenant-${at}`)
const dist = fileURLToPath(new URL('../../dist', import.meta.url))
const say = (line) => process.stderr.write(`${line}\n`)

const postgres = await openPostgres()
if (postgres === null) {
  say('NOT RUN: set TEST_DATABASE_URL to a PostgreSQL, or install one.')
  process.exit(process.env.CI ? 1 : 0)
}
const base = await mkdtemp(join(tmpdir(), 'bench-workers-'))
const whatsapp = new Asked('./whatsapp.mjs')
try {
  const { url, rootPublicKey } = await whatsapp.ask('open', { contacts: 20 })
  const rows = []
  const database = new URL(postgres.url)
  database.searchParams.set('schema', `bench_${randomUUID().replaceAll('-', '')}`)
  const options = {
    sessionPath: join(base, 'sessions'),
    store: { kind: 'directory', path: join(base, 'objects') },
    registry: { kind: 'postgresql', url: database.toString() },
    socketUrl: url,
    settings: { rebalanceAfterMs: 1_000 },
  }
  await pairAll(options, rootPublicKey)
  for (const node of values.nodes.split(','))
    for (const workers of values.workers.split(',').map(Number))
      rows.push(await measure({ node, workers }, options, rootPublicKey))
  const report = { cores: availableParallelism(), tenants: tenants.length, rows }
  process.stdout.write(`${values.json ? JSON.stringify(report) : JSON.stringify(report, null, 2)}\n`)
} finally {
  await whatsapp.end()
  await rm(base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  await postgres.stop()
}

function hostOf(workers, options, rootPublicKey, execPath) {
  let ready
  const isReady = new Promise((resolve) => {
    ready = resolve
  })
  const host = new Asked('./host.mjs', {
    execPath,
    env: { BENCH_WORKERS: JSON.stringify({ dist, workers, options, rootPublicKey }) },
    onMessage: ({ type, ...message }) => {
      if (type === 'ready') ready()
      if (type === 'qr') whatsapp.ask('scan', message).catch(() => {})
    },
  })
  return {
    host,
    isReady: Promise.race([isReady, host.ended.then(() => Promise.reject(new Error('no host')))]),
  }
}

/** Sessions are made once: their keys are most of what a start from nothing costs. */
async function pairAll(options, rootPublicKey) {
  const since = performance.now()
  const { host, isReady } = hostOf(2, options, rootPublicKey, process.execPath)
  await isReady
  const waiting = [...tenants]
  const startOne = async () => {
    for (let id = waiting.shift(); id; id = waiting.shift()) {
      await host.ask('start', { tenantId: id })
      await until(
        async () => (await host.ask('connected')) >= tenants.length - waiting.length - 16,
        120_000,
        id,
      )
    }
  }
  await Promise.all(Array.from({ length: 8 }, startOne))
  await until(async () => (await host.ask('connected')) === tenants.length, 240_000, 'all to be paired')
  await host.end()
  say(`${tenants.length} tenants paired in ${Math.round((performance.now() - since) / 1_000)} s`)
}

async function measure({ node, workers }, options, rootPublicKey) {
  const { host, isReady } = hostOf(workers, options, rootPublicKey, node)
  await isReady
  await until(async () => (await host.ask('connected')) === tenants.length, 120_000, 'all to be connected')
  const pids = await host.ask('pids')
  const load = { rounds: Number(values.rounds), inFlight: Number(values.inFlight) }
  // Until they have a session with every contact that writes to them, and the code is compiled.
  await whatsapp.ask('traffic', load)
  await until(async () => (await host.ask('unprotected')) === 0, 60_000, 'everything to be backed up')
  // Even, and at rest.
  await delay(5_000)
  const before = await whatsapp.ask('stats')
  const parent = pids.includes(host.pid) ? [] : [host.pid]
  const cpuBefore = [...pids, ...parent].map(cpuMsOf)
  const traffic = await whatsapp.ask('traffic', load)
  await until(async () => (await host.ask('unprotected')) === 0, 60_000, 'everything to be backed up')
  const cpu = [...pids, ...parent].map((pid, at) => cpuMsOf(pid) - cpuBefore[at])
  const after = await whatsapp.ask('stats')
  const row = {
    node: await versionOf(node),
    workers,
    messages: traffic.messages,
    messagesPerSecond: Math.round(traffic.messages / (traffic.wallMs / 1_000)),
    cpuMsPerMessage: rounded(sum(cpu.slice(0, pids.length)) / traffic.messages),
    parentCpuMsPerMessage: parent.length > 0 ? rounded(cpu.at(-1) / traffic.messages) : 0,
    whatsappCpuMsPerMessage: rounded(traffic.cpuMs / traffic.messages),
    rssMb: pids.map((pid) => Math.round(rssBytesOf(pid) / 1e6)),
    parentRssMb: parent.length > 0 ? Math.round(rssBytesOf(host.pid) / 1e6) : 0,
    undecryptable: after.undecryptable - before.undecryptable,
    lost: after.lost - before.lost,
  }
  say(JSON.stringify(row))
  await host.end()
  return row
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}

function rounded(ms) {
  return Number(ms.toPrecision(3))
}

async function versionOf(node) {
  const { execFileSync } = await import('node:child_process')
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
}
