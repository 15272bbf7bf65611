import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import {
  createSupervisor,
  memoryRegistry,
  memoryStore,
  type ObjectStore,
  type Registry,
  type Session,
  type Settings,
  systemClock,
} from '../../src/index.js'
import { createHttpServer, type HttpServerOptions } from '../../src/server/index.js'
import { FakeLink } from '../support/fake-link.js'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed when it is JSON. */
  readonly json: ReturnType<typeof JSON.parse>
}

export interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** A supervisor behind a real HTTP server on a free port, with WhatsApp in the hands of the test. */
export async function startServer(
  options: HttpServerOptions & {
    store?: ObjectStore
    registry?: Registry
    settings?: Partial<Settings>
  } = {},
) {
  const folder = await mkdtemp(path.join(tmpdir(), 'bss-server-'))
  const link = new FakeLink()
  const store = options.store ?? memoryStore()
  const registry = options.registry ?? memoryRegistry({ clock: systemClock })
  const supervisor = await createSupervisor({
    sessionPath: path.join(folder, 'sessions'),
    store,
    registry,
    link,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    settings: { quietPeriodMs: 0, statusPeriodMs: 1, commitLingerMs: 0, ...options.settings },
    signals: false,
    resume: false,
  })
  const api = createHttpServer(supervisor, { port: 0, ...options })
  const { url, port } = await api.listen()
  onTestFinished(async () => {
    await api.close({ graceMs: 0 })
    await supervisor.shutdown()
    await rm(folder, { recursive: true, force: true })
  })
  const ask = (target: string, given: Ask = {}) => send(port, target, given)
  /** A tenant that is paired and connected. */
  const connected = async (tenantId: string, phoneNumber = '628120001234'): Promise<Session> => {
    const session = await supervisor.start(tenantId)
    const connection = await link.connection(tenantId)
    connection.code('qr', 'a code')
    await connection.pair(phoneNumber)
    await session.waitFor('connected', { timeoutMs: 10_000 })
    await session.backupNow()
    return session
  }
  return { supervisor, api, link, store, registry, url, port, ask, connected }
}

/** One request on a connection of its own; headers and targets that `fetch` would refuse included. */
export function send(
  port: number,
  target: string,
  { method = 'GET', headers = {}, body }: Ask,
): Promise<Answer> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const type: Record<string, string> =
    text !== undefined && headers['content-type'] === undefined ? { 'content-type': 'application/json' } : {}
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: target, method, headers: { ...type, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString()
          const isJson = response.headers['content-type'] === 'application/json' && answer !== ''
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            json: isJson ? JSON.parse(answer) : answer,
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(text)
  })
}
