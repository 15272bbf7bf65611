import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import {
  createSupervisor,
  type DeviceLink,
  type KeyFiles,
  type LinkRequest,
  type LiveLink,
  memoryRegistry,
  memoryStore,
  type ObjectStore,
  type SessionFact,
  type SupervisorOptions,
  silentLogger,
  systemClock,
  type WASocket,
} from '../../src/index.js'

/** A temporary directory that is removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'bss-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const archive = path.join(import.meta.dirname, '../data/session-20-contacts.tar.gz')

/** Unpacks a real session of 942 files as `tenantId`'s folder. */
export async function unpackSession(sessionPath: string, tenantId: string): Promise<string> {
  const folder = path.join(sessionPath, tenantId)
  await mkdir(folder, { recursive: true })
  await promisify(execFile)('tar', ['xzf', archive, '-C', folder, '--strip-components=1'])
  return folder
}

/** A way to a WhatsApp that opens at once when there is a session and shows a code when there is none. */
export class ObligingLink implements DeviceLink<WASocket> {
  readonly requests: LinkRequest<WASocket>[] = []
  open = 0

  connect(request: LinkRequest<WASocket>): LiveLink {
    this.requests.push(request)
    this.open++
    let over = false
    const close = (code: number | null) => {
      if (over) return
      over = true
      this.open--
      if (code !== null) request.events.closed(code, false)
    }
    queueMicrotask(() => {
      if (over) return
      if (request.hasSession) request.events.opened('628120000001')
      else request.events.code('qr', 'a code')
    })
    return { stop: () => close(428), logout: () => close(401), abort: () => close(null) }
  }

  files(tenantId: string): KeyFiles {
    return this.requests.findLast((request) => request.tenantId === tenantId)!.files
  }
}

/** Counts what goes to a store. */
export function counted(store: ObjectStore) {
  const counts = { check: 0, put: 0, get: 0, list: 0, listTenants: 0, remove: 0, close: 0 }
  const proxy = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (name in counts) counts[name as keyof typeof counts]++
        return value.apply(target, args)
      }
    },
  })
  return { store: proxy, counts }
}

/** A supervisor on a temporary directory, shut down when the test is over. */
export async function startSupervisor(options: Partial<SupervisorOptions> = {}) {
  const sessionPath = options.sessionPath ?? (await temporaryDirectory())
  const link = new ObligingLink()
  const supervisor = await createSupervisor({
    store: memoryStore(),
    registry: memoryRegistry({ clock: systemClock }),
    link,
    logger: silentLogger,
    signals: false,
    resume: false,
    ...options,
    sessionPath,
  })
  onTestFinished(async () => void (await supervisor.shutdown()))
  const facts: SessionFact[] = []
  supervisor.on('fact', (fact) => facts.push(fact))
  return { supervisor, sessionPath, link, facts }
}
