import {
  type AnyActorRef,
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  createEmptyActor,
  fromCallback,
  type InspectionEvent,
  type SnapshotFrom,
} from 'xstate'
import {
  type LinkEvent,
  linkMachine,
  type SocketCommand,
  type TenantEvent,
  type TenantInput,
  tenantMachine,
} from '../../machines/index.js'
import { takenBy } from './inspection.js'
import { idOf, type TransitionId } from './transitions.js'

export type TenantSnapshot = SnapshotFrom<typeof tenantMachine>
export type LinkSnapshot = SnapshotFrom<typeof linkMachine>

/** Tenant and link as they stand after the messages between them are delivered. */
export interface Pair {
  readonly tenant: TenantSnapshot
  /** Null when it has ended or failed. */
  readonly link: LinkSnapshot | null
  /** Its machine threw. XState stops the actor, and not what it has invoked. */
  readonly linkBroke: boolean
  /** Ids of the delayed events that are set, sorted. */
  readonly timers: readonly string[]
}

/** What an event did besides changing the pair. */
export interface Effects {
  readonly taken: TransitionId[]
  /** Actors that were started, with their input. */
  readonly invoked: { readonly id: string; readonly input: unknown }[]
  readonly commands: SocketCommand['type'][]
  /** What the link told its tenant, its end with its output included. */
  readonly told: { readonly type: string }[]
  /** Delayed events that were set, restarted ones included: id and delay in milliseconds. */
  readonly scheduled: { readonly id: string; readonly delayMs: number }[]
}

const noEffects = (): Effects => ({ taken: [], invoked: [], commands: [], told: [], scheduled: [] })

interface Sent {
  readonly to: 'tenant' | 'link' | 'socket'
  readonly event: { readonly type: string }
}

interface Executed {
  readonly type: string
  readonly params?: unknown
}

/** Runs one machine's pure transition function and says what it took and what it wants done. */
class Stepper<Snapshot> {
  readonly #machine: AnyStateMachine
  readonly #scope: Parameters<AnyStateMachine['transition']>[2]
  #taken: TransitionId[] = []
  #executed: Executed[] = []

  constructor(machine: AnyStateMachine, input: unknown, parent?: AnyActorRef) {
    this.#machine = machine
    const self = createActor(machine, { input, parent } as object) as unknown as AnyActorRef
    self.system.inspect((event) => this.#inspect(event))
    this.#scope = {
      self,
      system: self.system,
      id: '',
      sessionId: '',
      logger: () => {},
      defer: () => {},
      emit: () => {},
      stopChild: () => {},
      actionExecutor: (action: Executed) => void this.#executed.push(action),
    } as never
  }

  start(input: unknown) {
    return this.#run(() => this.#machine.getInitialSnapshot(this.#scope, input as never))
  }

  step(snapshot: Snapshot, event: object) {
    return this.#run(() => this.#machine.transition(snapshot as never, event as never, this.#scope))
  }

  #run(transition: () => unknown) {
    this.#taken = []
    this.#executed = []
    const snapshot = transition() as Snapshot
    return { snapshot, taken: this.#taken, executed: this.#executed }
  }

  #inspect(event: InspectionEvent): void {
    for (const transition of takenBy(event)?.transitions ?? []) this.#taken.push(idOf(transition))
  }
}

/**
 * The tenant's machine and its link's as one pure model: what one sends the other is delivered in the order in which
 * XState delivers it. It is always made of the machines as they are; mutants are compared with it.
 */
export class Composed {
  readonly #tenant: Stepper<TenantSnapshot>
  readonly #link: Stepper<LinkSnapshot>
  readonly #input: TenantInput
  #effects: Effects = noEffects()

  constructor(input: TenantInput, { maxRetries }: { maxRetries: number }) {
    this.#input = input
    const quiet = { socket: fromCallback<SocketCommand, { tenantId: string; attempt: number }>(() => {}) }
    const guards = {
      retriesLeft: ({ context }: { context: { attempt: number } }) =>
        maxRetries === 0 || context.attempt < maxRetries,
    }
    const link = providing(linkMachine, { actors: quiet, guards })
    this.#tenant = new Stepper(providing(tenantMachine, { actors: { link } }), input)
    this.#link = new Stepper(link, { tenantId: input.tenantId }, createEmptyActor() as unknown as AnyActorRef)
  }

  start(): { pair: Pair; effects: Effects } {
    this.#effects = noEffects()
    const tenant = this.#tenant.start(this.#input)
    const link = this.#link.start({ tenantId: this.#input.tenantId })
    this.#note(tenant)
    const pair = { tenant: tenant.snapshot, link: link.snapshot, linkBroke: false }
    return { pair: { ...pair, timers: timersAfter(pair, [], this.#effects) }, effects: this.#effects }
  }

  toTenant(pair: Pair, event: TenantEvent | { type: string }): { pair: Pair; effects: Effects } {
    return this.#deliver(pair, [{ to: 'tenant', event }])
  }

  toLink(pair: Pair, event: LinkEvent | { type: string }): { pair: Pair; effects: Effects } {
    return this.#deliver(pair, [{ to: 'link', event }])
  }

  /** The link's machine throws: its actor is gone, its tenant is told. */
  breakLink(pair: Pair): { pair: Pair; effects: Effects } {
    const event = { type: 'xstate.error.actor.link', error: new Error('broken'), actorId: 'link' }
    return this.#deliver({ ...pair, link: null, linkBroke: true }, [{ to: 'tenant', event }])
  }

  #deliver(before: Pair, first: Sent[]): { pair: Pair; effects: Effects } {
    this.#effects = noEffects()
    let { tenant, link } = before
    const queue = [...first]
    for (let sent = queue.shift(); sent !== undefined; sent = queue.shift()) {
      if (sent.to === 'socket') this.#effects.commands.push(sent.event.type as SocketCommand['type'])
      else if (sent.to === 'tenant') {
        if (tenant.status !== 'active') continue
        const stepped = this.#tenant.step(tenant, sent.event)
        tenant = stepped.snapshot
        queue.push(...this.#note(stepped))
        if (tenant.status !== 'active') link = null
      } else if (link !== null) {
        const stepped = this.#link.step(link, sent.event)
        link = stepped.snapshot
        const said = this.#note(stepped)
        this.#effects.told.push(...said.filter(({ to }) => to === 'tenant').map(({ event }) => event))
        queue.push(...said)
        if (link.status === 'active') continue
        const ended = { type: 'xstate.done.actor.link', output: link.output, actorId: 'link' }
        this.#effects.told.push(ended)
        queue.push({ to: 'tenant', event: ended })
        link = null
      }
    }
    const pair = { tenant, link, linkBroke: before.linkBroke }
    const rung = before.timers.filter(
      (id) => !first.some(({ event }) => event.type === id || `${id}.due` === event.type),
    )
    return { pair: { ...pair, timers: timersAfter(pair, rung, this.#effects) }, effects: this.#effects }
  }

  #note({ taken, executed }: { taken: TransitionId[]; executed: Executed[] }): Sent[] {
    this.#effects.taken.push(...taken)
    const sent: Sent[] = []
    for (const { type, params } of executed) {
      if (type === 'xstate.spawnChild') {
        const { id, input } = params as { id: string; input: unknown }
        if (id !== 'link') this.#effects.invoked.push({ id, input })
      }
      if (type === 'xstate.raise') {
        const { id, delay } = params as { id: string; delay?: number }
        if (delay !== undefined) this.#effects.scheduled.push({ id, delayMs: delay })
      }
      if (type !== 'xstate.sendTo') continue
      const { event, targetId } = params as { event: { type: string }; targetId: string }
      const to = targetId === '#_parent' ? 'tenant' : (targetId as 'link' | 'socket')
      sent.push({ to, event })
    }
    return sent
  }
}

/** The machine as it is, whatever a mutation run has put in the place of its `provide`. */
export function providing<Machine extends AnyStateMachine>(
  machine: Machine,
  implementations: object,
): Machine {
  return Object.getPrototypeOf(machine).provide.call(machine, implementations)
}

/** Those that were set before and have not rung, and the new ones, as far as their states are active still. */
function timersAfter(
  pair: Omit<Pair, 'timers'>,
  before: readonly string[],
  { scheduled }: Effects,
): string[] {
  if (pair.tenant.status !== 'active') return []
  const nodes = [...pair.tenant._nodes, ...(pair.link?._nodes ?? [])] as AnyStateNode[]
  const possible = new Set<string>(nodes.flatMap(({ after }) => after.map(({ eventType }) => eventType)))
  // Disarmed on the way out: nothing is audited while closing.
  if (!pathOf(pair.tenant.value).startsWith('closing')) possible.add('audit')
  const set = new Set([...before, ...scheduled.map(({ id }) => id)])
  return [...set].filter((id) => possible.has(id)).sort()
}

export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value
  const [[parent, child]] = Object.entries(value as object) as [[string, unknown]]
  return `${parent}.${pathOf(child)}`
}
