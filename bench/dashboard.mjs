// What the dashboard costs: 1,000 connected tenants, 1,000 changes a second, each of them in a tenant's row; without a
// page, with one that shows the list, and with one that shows a tenant, in turns.
//   npm run build && node bench/dashboard.mjs [seconds a round] [turns] [--json]
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  createDashboardServer,
  createSupervisor,
  memoryRegistry,
  memoryStore,
  systemClock,
} from '../dist/src/index.js'

const tenants = 1_000
const eventsPerSecond = 1_000
const tickMs = 20
/** Of a core, what a page may cost the process. */
const targetPercent = 10

const kinds = {
  idle: { perSecond: 0, target: null },
  'no page': { perSecond: eventsPerSecond, target: null },
  'a page': { perSecond: eventsPerSecond, target: '/events' },
  'a page that watches a tenant': { perSecond: eventsPerSecond, target: '/events?tenant=tenant-0000' },
}

async function measure(seconds, turns) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bss-dashboard-'))
  const { supervisor, change } = await connectAll(folder)
  const rounds = []
  for (let turn = 0; turn < turns; turn++) {
    for (const kind of Object.keys(kinds)) {
      const round = { kind, ...(await oneRound(supervisor, change, kinds[kind], seconds)) }
      rounds.push(round)
      if (!isJson) console.log(JSON.stringify(round))
    }
  }
  await supervisor.shutdown()
  rmSync(folder, { recursive: true, force: true })
  return rounds
}

/** Tenants that are connected and backed up, each with a change that waits for longer than the measurement takes. */
async function connectAll(folder) {
  const link = new OpenLink()
  const settings = {
    quietPeriodMs: 1_000_000,
    maxDirtyAgeMs: 1_000_000,
    auditIntervalMs: 2_000_000,
    connectConcurrency: 64,
  }
  const supervisor = await createSupervisor({
    sessionPath: folder,
    store: memoryStore(),
    registry: memoryRegistry({ clock: systemClock }),
    link,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    settings,
    signals: false,
    resume: false,
  })
  const ids = Array.from({ length: tenants }, (_, index) => `tenant-${String(index).padStart(4, '0')}`)
  const sessions = await Promise.all(ids.map((id) => supervisor.start(id)))
  await Promise.all(sessions.map((session) => session.waitFor('connected')))
  while (supervisor.uploads.running + supervisor.uploads.waiting > 0) await pause(200)
  await pause(2_000)
  await Promise.all(link.files.map((files) => files.write(new Map([['session-1.0.json', '{}']]))))
  await pause(3_000)
  return { supervisor, change: changing(sessions) }
}

/** A machine's event, and one change more in the tenant's row: a file written would measure the disk. */
function changing(sessions) {
  const counts = sessions.map(() => 1)
  for (const [index, session] of sessions.entries()) {
    const { since } = session.unprotected
    const get = () => ({ changes: counts[index], since, ageMs: Date.now() - since, preKeys: 0 })
    Object.defineProperty(session, 'unprotected', { get })
  }
  let position = 1_000
  return (index) => {
    counts[index] += 1
    sessions[index].actor.send({ type: 'files.changed', position: ++position, urgent: false })
  }
}

/** A server of its own for each, since one goes on for a while after its last reader. */
async function oneRound(supervisor, change, { perSecond, target }, seconds) {
  const api = createDashboardServer(supervisor, { port: 0 })
  const { port } = await api.listen()
  const reader = target === null ? null : await startReader(port, target)
  await under(perSecond, 1, change)
  const { cpu, events } = await under(perSecond, seconds, change)
  const received = reader === null ? null : await reader.end()
  await api.close({ graceMs: 0 })
  return { cpuPercent: Number(cpu.toFixed(1)), eventsPerSecond: Math.round(events), ...received }
}

async function under(perSecond, seconds, change) {
  let sent = 0
  const began = performance.now()
  const before = process.cpuUsage()
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond)
    for (; sent < due; sent++) change(sent % tenants)
    await pause(tickMs)
  }
  const { user, system } = process.cpuUsage(before)
  const elapsedMs = performance.now() - began
  return { cpu: (user + system) / 10 / elapsedMs, events: (sent / elapsedMs) * 1_000 }
}

/** In a process of its own, so that its work is not counted. */
async function startReader(port, target) {
  const child = spawn(process.execPath, [import.meta.filename, 'read', String(port), target], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  while (!text.includes('connected')) await pause(20)
  const over = new Promise((resolve) => child.on('close', resolve))
  return {
    end: async () => {
      child.stdin.end()
      await over
      return JSON.parse(text.trim().split('\n').at(-1))
    },
  }
}

function read(port, target) {
  let bytes = 0
  let events = 0
  const sent = request({ host: '127.0.0.1', port, path: target }, (response) => {
    console.log('connected')
    response.setEncoding('utf8').on('data', (text) => {
      bytes += text.length
      events += text.split('\nevent: ').length - 1
    })
  })
  sent.end()
  process.stdin.on('end', () => {
    console.log(JSON.stringify({ readBytes: bytes, readEvents: events }))
    process.exit(0)
  })
  process.stdin.resume()
}

/** Medians of a kind's rounds, and of what each turn's page cost more than the same turn without one. */
function figuresOf(rounds) {
  const of = (kind) => rounds.filter((round) => round.kind === kind).map(({ cpuPercent }) => cpuPercent)
  const without = of('no page')
  const more = (kind) => median(of(kind).map((cpu, turn) => cpu - without[turn]))
  return Object.keys(kinds).map((kind) => {
    const cpuPercent = median(of(kind))
    const isPage = kinds[kind].target !== null
    return { kind, cpuPercent, ...(isPage ? { pageCostPercent: Number(more(kind).toFixed(1)) } : {}) }
  })
}

function median(figures) {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Opens at once. */
class OpenLink {
  files = []

  connect({ files, hasSession, events, onSocket }) {
    this.files.push(files)
    let over = false
    const close = (code) => {
      if (over) return
      over = true
      events.closed(code, false)
    }
    onSocket({})
    queueMicrotask(async () => {
      if (!hasSession) {
        events.code('qr', 'a code')
        await files.write(
          new Map([['creds.json', '{"me":{"id":"1@s"},"account":{},"nextPreKeyId":31,"registered":true}']]),
          'urgent',
        )
      }
      if (!over) events.opened(null)
    })
    return { stop: () => close(428), logout: () => close(401), abort: () => close(428) }
  }
}

const isJson = process.argv.includes('--json')
const [first, second, third] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
if (first === 'read') read(second, third)
else {
  const figures = figuresOf(await measure(Number(first ?? 8), Number(second ?? 3)))
  console.log(JSON.stringify({ tenants, eventsPerSecond, targetPercent, figures }))
  process.exitCode = figures.every(({ cpuPercent }) => cpuPercent < targetPercent) ? 0 : 1
}
