import type { Clock } from '../ports/index.js'
import type { Session } from '../session-api.js'
import type { Supervisor } from '../supervisor.js'
import type { SupervisorEvents } from '../supervisor-api.js'
import { withErrorsByMessage } from './error-by-message.js'
import type { SessionState, Told, ToldEvent } from './messages.js'

/** States of sessions wait so long for others, so that a busy worker says little. */
const gatherMs = 100

/** Tells a parent of a worker's sessions and of what happens to them. */
export class WorkerTelling {
  readonly #supervisor: Pick<Supervisor<unknown>, 'on' | 'get'>
  readonly #clock: Clock
  readonly #send: (told: readonly Told[]) => void
  /** Tenants whose state is to be told, and events, as they came. */
  #pending: (string | Told)[] = []
  readonly #changed = new Set<string>()
  #timer: unknown = null

  constructor(
    supervisor: Pick<Supervisor<unknown>, 'on' | 'get'>,
    clock: Clock,
    send: (told: readonly Told[]) => void,
  ) {
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
  }

  tellFacts(): void {
    this.#supervisor.on('fact', (fact) => this.#event('fact', fact))
  }

  flush(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    const told = this.#pending.flatMap((entry) => (typeof entry === 'string' ? this.#stateOf(entry) : entry))
    this.#pending = []
    this.#changed.clear()
    if (told.length > 0) this.#send(told)
  }

  #event(event: ToldEvent, payload: SupervisorEvents[ToldEvent]): void {
    // Whoever hears of an event looks at the session.
    this.#note(payload.tenantId)
    this.#pending.push({ event, payload: withErrorsByMessage(payload) })
  }

  #note(tenantId: string): void {
    if (this.#changed.has(tenantId)) return
    this.#changed.add(tenantId)
    this.#pending.push(tenantId)
    this.#timer ??= this.#clock.setTimeout(() => this.flush(), gatherMs)
  }

  #stateOf(tenantId: string): Told[] {
    const session = this.#supervisor.get(tenantId)
    return session ? [{ session: stateOf(session, this.#clock.now()) }] : []
  }
}

function stateOf(session: Session<unknown>, now: number): SessionState {
  const { tenantId, state, status, link, generation, lastError, result, unprotected } = session
  const { changes, ageMs } = unprotected
  const unprotectedSince = changes > 0 ? now - ageMs : null
  return { tenantId, state, status, link, changes, unprotectedSince, generation, lastError, result }
}
