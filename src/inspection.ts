import type { ActorRefFrom, AnyActorRef, AnyMachineSnapshot, InspectionEvent, StateValue } from 'xstate'
import type { linkMachine, tenantMachine } from '../machines/index.js'
import type { Clock, Logger } from './ports/index.js'
import type { MachineNow, MachineStep, MachinesNow } from './supervisor-api.js'
import { edgesTaken, wasHandled } from './visualizer/edge-id.js'

type TenantActor = ActorRefFrom<typeof tenantMachine>
type Listener = (step: MachineStep) => void

interface Watch {
  readonly listeners: Set<Listener>
  /** Of the machine that runs now; null between two sessions. */
  detach: (() => void) | null
}

/**
 * Steps of the machines of those tenants that somebody watches. Nothing is attached to the others: an inspector costs
 * every event of its actor about 2 µs. A watch outlives the session, and goes on with the next one.
 */
export class Inspections {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #watches = new Map<string, Watch>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** @param actor the tenant's machine, if it runs now */
  watch(tenantId: string, actor: TenantActor | null, listener: Listener): () => void {
    const watch = this.#watches.get(tenantId) ?? { listeners: new Set(), detach: null }
    this.#watches.set(tenantId, watch)
    const own: Listener = (step) => listener(step)
    watch.listeners.add(own)
    if (watch.detach === null && actor !== null) this.#attach(tenantId, watch, actor)
    return () => {
      watch.listeners.delete(own)
      if (watch.listeners.size > 0 || this.#watches.get(tenantId) !== watch) return
      watch.detach?.()
      this.#watches.delete(tenantId)
    }
  }

  /** A machine was made for the tenant and has not started. */
  machineMade(tenantId: string, actor: TenantActor): void {
    const watch = this.#watches.get(tenantId)
    if (watch !== undefined) this.#attach(tenantId, watch, actor)
  }

  #attach(tenantId: string, watch: Watch, actor: TenantActor): void {
    watch.detach?.()
    const inspection = actor.system.inspect((event) => {
      // What an inspector throws, XState throws in place of handling the event.
      try {
        const step = stepOf(event, actor, this.#clock.now())
        if (step !== null) this.#tell(tenantId, watch, step)
      } catch (error) {
        this.#logger.error(
          { tenantId, err: error },
          'a step of a machine could not be told; the session goes on',
        )
      }
    })
    watch.detach = () => inspection.unsubscribe()
  }

  #tell(tenantId: string, watch: Watch, step: MachineStep): void {
    for (const listener of [...watch.listeners]) {
      try {
        listener(step)
      } catch (error) {
        this.#logger.error({ tenantId, err: error }, 'a listener of an inspection threw; the session goes on')
      }
    }
  }
}

/** The machines as they are now. Their contexts hold no secrets, and of them only counters are told. */
export function machinesNow(actor: TenantActor): MachinesNow {
  const snapshot = actor.getSnapshot()
  const link = snapshot.children.link as ActorRefFrom<typeof linkMachine> | undefined
  const { changeSeq, savedSeq, urgentSeq, attempt, epoch } = snapshot.context
  return {
    machines: [machineNow('tenant', actor), ...(link === undefined ? [] : [machineNow('link', link)])],
    counters: {
      changeSeq,
      savedSeq,
      urgentSeq,
      attempt,
      linkAttempt: link?.getSnapshot().context.attempt ?? 0,
      epoch,
    },
  }
}

function machineNow(machine: MachineNow['machine'], actor: AnyActorRef): MachineNow {
  const { value, children } = actor.getSnapshot() as AnyMachineSnapshot
  const actors = Object.entries(children as Record<string, AnyActorRef | undefined>).flatMap(([id, child]) =>
    child === undefined ? [] : [{ id, isActive: child.getSnapshot().status === 'active' }],
  )
  return { machine, states: pathsOf(value), actors }
}

function stepOf(event: InspectionEvent, tenant: TenantActor, at: number): MachineStep | null {
  const isStart = event.type === '@xstate.snapshot' && event.event.type === 'xstate.init'
  if (event.type !== '@xstate.microstep' && !isStart) return null
  const { value } = event.snapshot as AnyMachineSnapshot
  // An actor without states, such as a promise, has no steps either.
  if (value === undefined) return null
  return {
    machine: event.actorRef === tenant ? 'tenant' : 'link',
    at,
    event: event.event.type,
    edges: event.type === '@xstate.microstep' ? edgesTaken(event) : [],
    states: pathsOf(value),
    handled: isStart || (event.type === '@xstate.microstep' && wasHandled(event)),
  }
}

/** Active states as paths, an ancestor before what is in it: `backing-up`, `backing-up.uploading`. */
function pathsOf(value: StateValue, above = ''): string[] {
  if (typeof value === 'string') return [`${above}${value}`]
  return Object.entries(value).flatMap(([name, below]) => {
    const path = `${above}${name}`
    return below === undefined ? [path] : [path, ...pathsOf(below, `${path}.`)]
  })
}
