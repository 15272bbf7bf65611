// What the dashboard costs: 1,000 connected tenants, 1,000 changes a second, without a page and with one connected.
//   npm run build && node bench/dashboard.mjs [seconds]
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

async function measure(seconds) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bss-dashboard-'))
  const link = new OpenLink()
  // The backups are not what is measured: a change waits for longer than the measurement takes.
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
  const api = createDashboardServer(supervisor, { port: 0 })
  const { port } = await api.listen()
  const ids = Array.from({ length: tenants }, (_, index) => `tenant-${String(index).padStart(4, '0')}`)
  const sessions = await Promise.all(ids.map((id) => supervisor.start(id)))
  await Promise.all(sessions.map((session) => session.waitFor('connected')))
  // The first backups are over then.
  while (supervisor.uploads.running + supervisor.uploads.waiting > 0) await pause(200)
  await pause(2_000)
  // From now on each row tells the age of a change that waits, so that no two looks at it are alike.
  await Promise.all(link.files.map((files) => files.write(new Map([['session-1.0.json', '{}']]))))
  await pause(3_000)
  const rounds = []
  for (const round of [
    'idle',
    'events',
    'events and a page',
    'events and a page that watches a tenant',
    'events',
  ]) {
    const reader = round.includes('page')
      ? await startReader(port, round.includes('watches') ? '/events?tenant=tenant-0000' : '/events')
      : null
    await pause(2_000)
    const { cpu, events } = await under(round === 'idle' ? 0 : eventsPerSecond, seconds, supervisor, ids)
    const received = reader === null ? null : await reader.end()
    rounds.push({
      round,
      cpuPercent: Number(cpu.toFixed(1)),
      eventsPerSecond: Math.round(events),
      ...received,
    })
    console.log(JSON.stringify(rounds.at(-1)))
  }
  await api.close({ graceMs: 0 })
  await supervisor.shutdown()
  rmSync(folder, { recursive: true, force: true })
}

/** Events of the machines alone, and what follows from them: a file written would measure the disk. */
async function under(perSecond, seconds, supervisor, ids) {
  let sent = 0
  let position = 1_000
  const began = performance.now()
  const before = process.cpuUsage()
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond)
    for (; sent < due; sent++) {
      const { actor } = supervisor.get(ids[sent % ids.length])
      actor.send({ type: 'files.changed', position: ++position, urgent: false })
    }
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

if (process.argv[2] === 'read') read(process.argv[3], process.argv[4])
else await measure(Number(process.argv[2] ?? 15))
