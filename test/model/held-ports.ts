import type { WASocket } from '@whiskeysockets/baileys'
import {
  type DeviceLink,
  type LinkRequest,
  type LiveLink,
  type ObjectStore,
  type Registry,
  SessionError,
} from '../../src/index.js'

type Answer = 'ok' | 'fails'

interface Held {
  readonly name: string
  answer(how: Answer): void
}

/** Calls of one port that wait for a step to answer them. */
export class Gate {
  /** Calls pass at once while it is open: the rest of one actor's look at the store or the registry. */
  isOpen = false
  /** A call was answered with a failure. */
  hasFailed = false
  readonly #held: Held[] = []

  get names(): string[] {
    return this.#held.map(({ name }) => name)
  }

  async pass<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (!this.isOpen) {
      const how = await new Promise<Answer>((answer) => void this.#held.push({ name, answer }))
      if (how === 'fails') throw new SessionError('unavailable', 'It does not answer.')
    }
    return await call()
  }

  /**
   * Answers the call that waits longest, and what it goes on to ask.
   * @param rest resolves when everything has come to rest
   * @throws when none waits
   */
  async answer(how: Answer, rest: () => Promise<void>): Promise<void> {
    const held = this.#held.shift()
    if (held === undefined) throw new Error('No call waits for an answer.')
    // An upload is one call; whoever looks or deletes makes several. A deletion begins by marking the session as ended.
    if (how === 'fails') this.hasFailed = true
    this.isOpen = how === 'ok' && held.name !== 'put'
    held.answer(how)
    await rest()
    this.isOpen = false
  }
}

export function heldStore(store: ObjectStore, gate: Gate): ObjectStore {
  return {
    name: store.name,
    check: () => gate.pass('check', () => store.check()),
    put: (key, body) => gate.pass(isMark(body) ? 'mark' : 'put', () => store.put(key, body)),
    get: (key) => gate.pass('get', () => store.get(key)),
    list: (prefix) => gate.pass('list', () => store.list(prefix)),
    listTenants: () => gate.pass('listTenants', () => store.listTenants()),
    remove: (keys) => gate.pass('remove', () => store.remove(keys)),
    close: () => store.close(),
  }
}

/** A generation without files says that the session ended. */
function isMark(body: Uint8Array): boolean {
  return JSON.parse(Buffer.from(body).toString('utf8')).files === 0
}

/** Leases are given and taken back when a step says so; everything else is answered at once. */
export function heldRegistry(registry: Registry, gate: Gate, isRestoring: () => boolean): Registry {
  return {
    name: registry.name,
    durable: registry.durable,
    open: () => registry.open(),
    close: () => registry.close(),
    read: (tenantId) => registry.read(tenantId),
    list: (filter) => registry.list(filter),
    setDesired: (...args) => registry.setDesired(...args),
    acquire: (request) =>
      isRestoring() ? registry.acquire(request) : gate.pass('acquire', () => registry.acquire(request)),
    renew: (owner, leases, ttlMs) => registry.renew(owner, leases, ttlMs),
    release: (owner, leases) => gate.pass('release', () => registry.release(owner, leases)),
    commit: (swaps) => registry.commit(swaps),
    updateStatus: (updates) => registry.updateStatus(updates),
    clearHead: (tenantId, owner, epoch) => registry.clearHead(tenantId, owner, epoch),
    checkIn: (host) => registry.checkIn(host),
    checkOut: (owner) => registry.checkOut(owner),
    claim: (request) => registry.claim(request),
  }
}

/** A connection that does nothing by itself: it notes what it is told, and a step lets it open or close. */
export class HeldConnection implements LiveLink {
  readonly request: LinkRequest<WASocket>
  readonly told: string[]
  isOver = false
  /** Told to stop; that it has is for a step to say. */
  isStopping = false

  constructor(request: LinkRequest<WASocket>, told: string[]) {
    this.request = request
    this.told = told
    request.onSocket({} as WASocket)
  }

  close(code: number, codesEnded: boolean): void {
    this.isOver = true
    this.request.events.closed(code, codesEnded)
  }

  stop(): void {
    this.told.push('socket.stop')
    this.isStopping = true
  }

  logout(): void {
    this.told.push('socket.logout')
  }

  abort(): void {
    this.isOver = true
  }
}

export class HeldLink implements DeviceLink<WASocket> {
  readonly connections: HeldConnection[] = []
  /** What connections were told since it was last emptied. */
  readonly told: string[] = []

  connect(request: LinkRequest<WASocket>): LiveLink {
    const connection = new HeldConnection(request, this.told)
    this.connections.push(connection)
    return connection
  }

  get open(): HeldConnection[] {
    return this.connections.filter(({ isOver }) => !isOver)
  }

  get newest(): HeldConnection {
    const newest = this.connections.at(-1)
    if (newest === undefined) throw new Error('There has been no connection.')
    return newest
  }
}
