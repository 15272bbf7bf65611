import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { Alerts } from '../../src/alerts/index.js'
import type { Alert, DiskSpace, SessionFact } from '../../src/index.js'
import type { Session } from '../../src/session-api.js'
import { defaultSettings, type Settings } from '../../src/settings.js'
import type { SupervisorEvents } from '../../src/supervisor-api.js'
import { TypedEvents } from '../../src/typed-events.js'
import { settled, VirtualClock } from '../support/virtual-clock.js'

type Watched = Pick<Session, 'status' | 'unprotected' | 'result'>

/** The look-out on a virtual clock, with sessions and a disk as a test wants them. */
export class AlertRig {
  readonly clock = new VirtualClock()
  readonly told: Alert[] = []
  readonly lines: { level: string; fields: object; message: string }[] = []
  readonly sessions = new Map<string, Watched>()
  disk: DiskSpace | Error = { freeBytes: 50e9, totalBytes: 100e9 }
  isShuttingDown = false
  diskReads = 0
  readonly alerts: Alerts
  readonly #events: TypedEvents<SupervisorEvents>

  constructor(settings: Partial<Settings> = {}, { looksAtDisk = true } = {}) {
    const log = (level: string) => (fields: object, message: string) => {
      this.lines.push({ level, fields, message })
    }
    const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    this.#events = new TypedEvents(logger)
    const rig = this
    this.alerts = new Alerts({
      supervisor: {
        on: (name, listener) => this.#events.on(name, listener),
        sessions: this.sessions as never,
        get isShuttingDown() {
          return rig.isShuttingDown
        },
      },
      settings: { ...defaultSettings, ...settings },
      clock: this.clock,
      random: () => 0.5,
      logger,
      readDisk: looksAtDisk ? () => this.#readDisk() : null,
      webhook: null,
      tell: (alert) => this.told.push(alert),
    })
    onTestFinished(() => this.alerts.close())
  }

  async #readDisk(): Promise<DiskSpace> {
    this.diskReads++
    if (this.disk instanceof Error) throw this.disk
    return this.disk
  }

  session(tenantId: string, change: Partial<Watched> = {}): void {
    const fresh: Watched = {
      status: 'CONNECTED',
      unprotected: { changes: 0, since: null, ageMs: 0, preKeys: 0 },
      result: null,
    }
    this.sessions.set(tenantId, { ...fresh, ...this.sessions.get(tenantId), ...change })
  }

  unprotected(tenantId: string, ageMs: number, changes = ageMs > 0 ? 3 : 0): void {
    this.session(tenantId, { unprotected: { changes, since: null, ageMs, preKeys: 0 } })
  }

  fact(fact: SessionFact): void {
    this.#events.emit('fact', fact)
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms)
    await settled()
  }

  /** What was told since the last time, in short. */
  news(): string[] {
    return this.told.splice(0).map(({ rule, state, tenantId }) => `${state} ${rule} ${tenantId ?? '-'}`)
  }
}

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver of webhooks that is gone when the test is over. */
export async function startReceiver(answer: (nth: number) => number | null) {
  const receiver = await startReceiverForFile(answer)
  onTestFinished(() => receiver.close())
  return receiver
}

/** A receiver of webhooks on a free port; `answer` gives the status, null for none at all. */
export async function startReceiverForFile(answer: (nth: number) => number | null) {
  const received: Received[] = []
  const looks = new Set<() => void>()
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      for (const look of looks) look()
      const status = answer(received.length)
      if (status !== null) response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (received.length < count) return
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      look()
    })
  return { url, received, until, close }
}
