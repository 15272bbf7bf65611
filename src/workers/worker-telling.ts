import { withErrorsByMessage } from '../error-by-message.js'
import type { Clock } from '../ports/index.js'
import type { Session } from '../session-api.js'
import type { Supervisor } from '../supervisor.js'
import type { MachineStep, SupervisorEvents } from '../supervisor-api.js'
import type { SessionState, Told, ToldEvent } from './messages.js'

type Watchable = Pick<Supervisor<unknown>, 'on' | 'get' | 'inspect' | 'machines'>

/** States of sessions wait so long for others, so that a busy worker says little. */
const gatherMs = 100

/** Tells a parent of a worker's sessions and of what happens to them. */
export class WorkerTelling {
  readonly #supervisor: Watchable
  readonly #clock: Clock
  readonly #send: (told: readonly Told[]) => void
  /** Tenants whose state is to be told, and events, as they came. */
  #pending: (string | Told)[] = []
  readonly #changed = new Set<string>()
  readonly #watched = new Map<string, () => void>()
  #timer: unknown = null

  constructor(supervisor: Watchable, clock: Clock, send: (told: readonly Told[]) => void) {
    this.#supervisor = supervisor
    this.#clock = clock
    this.#send = send
    supervisor.on('changed', ({ tenantId }) => this.#note(tenantId))
    for (const name of ['qr', 'pairingCode', 'closed'] as const)
      supervisor.on(name, (payload) => {
        this.#event(name, payload)
        // What the session makes of it shows right after its listeners.
        setImmediate(() => this.flush())
      })
    for (const name of ['alert', 'webhook'] as const)
      supervisor.on(name, (payload) => this.#event(name, payload))
  }

  tellFacts(): void {
    this.#supervisor.on('fact', (fact) => this.#event('fact', fact))
  }

  /** Tells every step of a tenant's machines, and first where they are. */
  watch(tenantId: string, isOn: boolean): void {
    this.#watched.get(tenantId)?.()
    this.#watched.delete(tenantId)
    if (!isOn) return
    const undo = this.#supervisor.inspect(tenantId, (step) => this.#step(tenantId, step))
    this.#watched.set(tenantId, undo)
    if (this.#supervisor.machines(tenantId) === null) return
    const begun = { machine: 'tenant', at: this.#clock.now(), event: 'watch.begun' } as const
    this.#step(tenantId, { ...begun, edges: [], states: [], handled: true })
    this.flush()
  }

  #step(tenantId: string, step: MachineStep): void {
    this.#pending.push({ watched: tenantId, step, machines: null })
    this.#arm()
  }

  flush(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    const told = this.#pending.flatMap((entry) => this.#toldOf(entry))
    this.#pending = []
    this.#changed.clear()
    if (told.length > 0) this.#send(told)
  }

  #event(event: ToldEvent, payload: SupervisorEvents[ToldEvent]): void {
    // Whoever hears of an event looks at the session.
    if ('tenantId' in payload && payload.tenantId !== null) this.#note(payload.tenantId)
    this.#pending.push({ event, payload: withErrorsByMessage(payload) })
    this.#arm()
  }

  #note(tenantId: string): void {
    if (this.#changed.has(tenantId)) return
    this.#changed.add(tenantId)
    this.#pending.push(tenantId)
    this.#arm()
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimeout(() => this.flush(), gatherMs)
  }

  #toldOf(entry: string | Told): Told[] {
    if (typeof entry === 'string') return this.#stateOf(entry)
    return ['watched' in entry ? { ...entry, machines: this.#supervisor.machines(entry.watched) } : entry]
  }

  #stateOf(tenantId: string): Told[] {
    const session = this.#supervisor.get(tenantId)
    return session ? [{ session: stateOf(session) }] : []
  }
}

function stateOf(session: Session<unknown>): SessionState {
  const { tenantId, state, status, link, linkWait, generation, lastError, result, unprotected } = session
  const { changes, since: unprotectedSince, preKeys } = unprotected
  return {
    tenantId,
    state,
    status,
    link,
    linkWait,
    changes,
    preKeys,
    unprotectedSince,
    generation,
    lastError,
    result,
  }
}
