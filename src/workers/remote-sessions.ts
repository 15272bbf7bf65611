import type { LinkStatus } from '../../machines/index.js'
import { SessionError } from '../errors.js'
import type { SessionStatus } from '../ports/index.js'
import type { AwaitedState, CloseResult, LinkWait, Session } from '../session-api.js'
import type { CallName, SessionState } from './messages.js'

interface Seen {
  readonly state: SessionState
  /** Grows with each session that begins, and with each end. */
  readonly order: number
}

export type CallWorker = (worker: number, name: CallName, args: unknown[]) => Promise<unknown>

/** The sessions of all workers, as they were last told of. */
export class RemoteSessions {
  readonly all = new Map<string, RemoteSession>()
  readonly #call: CallWorker
  readonly #now: () => number
  #lastOrder = 0

  constructor(call: CallWorker, now: () => number) {
    this.#call = call
    this.#now = now
  }

  see(worker: number, state: SessionState): void {
    const { tenantId } = state
    const session = this.all.get(tenantId) ?? new RemoteSession(state, this.#call, this.#now)
    this.all.set(tenantId, session)
    session.last = state
    const before = session.seen.get(worker)
    const goesOn = before !== undefined && (before.state.result === null) === (state.result === null)
    session.seen.set(worker, { state, order: goesOn ? before.order : ++this.#lastOrder })
  }

  /** @returns what the worker knew of when it ended */
  forget(worker: number): SessionState[] {
    const forgotten: SessionState[] = []
    for (const [tenantId, session] of this.all) {
      const seen = session.seen.get(worker)
      if (seen === undefined) continue
      forgotten.push(seen.state)
      session.seen.delete(worker)
      if (session.seen.size === 0) this.all.delete(tenantId)
    }
    return forgotten
  }

  /** Workers with a session of the tenant that has not ended. */
  workersOf(tenantId: string): number[] {
    return this.all.get(tenantId)?.workers ?? []
  }

  /** Sessions that run in a worker. */
  runningIn(worker: number): SessionState[] {
    return [...this.all.values()].flatMap(({ seen }) => {
      const state = seen.get(worker)?.state
      return state && state.result === null ? [state] : []
    })
  }
}

/** A session that lives in a worker, as its parent sees it: some milliseconds late, and without its socket. */
export class RemoteSession implements Session {
  readonly tenantId: string
  readonly socket = null
  /** By worker: while a tenant goes from one to another, two know of it. */
  readonly seen = new Map<number, Seen>()
  /** What is told when no worker knows of it any more. */
  last: SessionState
  readonly #call: CallWorker
  readonly #now: () => number

  constructor(first: SessionState, call: CallWorker, now: () => number) {
    this.tenantId = first.tenantId
    this.last = first
    this.#call = call
    this.#now = now
  }

  get workers(): number[] {
    return this.#ranked.filter(([, { state }]) => state.result === null).map(([worker]) => worker)
  }

  get state(): string {
    return this.#current.state
  }

  get status(): SessionStatus {
    return this.#current.status
  }

  get link(): LinkStatus {
    return this.#current.link
  }

  get linkWait(): LinkWait | null {
    return this.#current.linkWait
  }

  get unprotected(): Session['unprotected'] {
    const { changes, preKeys, unprotectedSince } = this.#current
    const ageMs = unprotectedSince === null ? 0 : Math.max(0, this.#now() - unprotectedSince)
    return { changes, since: unprotectedSince, ageMs, preKeys }
  }

  get generation(): number {
    return this.#current.generation
  }

  get lastError(): string | null {
    return this.#current.lastError
  }

  get result(): CloseResult | null {
    return this.#current.result
  }

  async waitFor(state: AwaitedState, options: { timeoutMs?: number } = {}): Promise<void> {
    await this.#ask('waitFor', state, options)
  }

  async backupNow(): Promise<void> {
    await this.#ask('backupNow')
  }

  async auditNow(): Promise<void> {
    await this.#ask('auditNow')
  }

  async stop(): Promise<CloseResult> {
    return (await this.#ask('stopSession')) as CloseResult
  }

  async logout(): Promise<CloseResult> {
    return (await this.#ask('logoutSession')) as CloseResult
  }

  async #ask(name: CallName, ...args: unknown[]): Promise<unknown> {
    const [first] = this.#ranked
    if (first) return await this.#call(first[0], name, [this.tenantId, ...args])
    throw new SessionError(
      'unavailable',
      `The worker of tenant ${this.tenantId} has ended; the tenant is taken up again. Try again in a moment.`,
    )
  }

  get #current(): SessionState {
    return this.#ranked[0]?.[1].state ?? this.last
  }

  /** The one that counts first: one that is at work, then one on its way in or out, then one that is over. */
  get #ranked(): [number, Seen][] {
    return [...this.seen].sort(([, a], [, b]) => rankOf(b.state) - rankOf(a.state) || b.order - a.order)
  }
}

function rankOf({ result, state }: SessionState): number {
  if (result !== null) return 0
  return state.startsWith('restoring') || state.startsWith('clos') ? 1 : 2
}
