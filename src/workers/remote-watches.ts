import type { Logger } from '../ports/index.js'
import type { MachineStep, MachinesNow } from '../supervisor-api.js'

type Listener = (step: MachineStep) => void

interface Watch {
  readonly listeners: Set<Listener>
  /** By worker, as last told. */
  readonly machines: Map<number, MachinesNow>
}

/** The machines of those tenants that somebody watches, in whichever worker they run. */
export class RemoteWatches {
  readonly #logger: Logger
  readonly #ask: (tenantId: string, isOn: boolean) => void
  readonly #watches = new Map<string, Watch>()

  /** @param ask tells all workers that a tenant is watched, or no more */
  constructor(logger: Logger, ask: (tenantId: string, isOn: boolean) => void) {
    this.#logger = logger
    this.#ask = ask
  }

  get tenants(): string[] {
    return [...this.#watches.keys()]
  }

  watch(tenantId: string, listener: Listener): () => void {
    const known = this.#watches.get(tenantId)
    const watch = known ?? { listeners: new Set(), machines: new Map() }
    this.#watches.set(tenantId, watch)
    const own: Listener = (step) => listener(step)
    watch.listeners.add(own)
    if (known === undefined) this.#ask(tenantId, true)
    return () => {
      if (!watch.listeners.delete(own) || watch.listeners.size > 0) return
      this.#watches.delete(tenantId)
      this.#ask(tenantId, false)
    }
  }

  /** Null: nobody watches it, or no worker runs it, or none has told of it yet. */
  machinesIn(tenantId: string, worker: number | undefined): MachinesNow | null {
    return (worker !== undefined && this.#watches.get(tenantId)?.machines.get(worker)) || null
  }

  told(worker: number, tenantId: string, step: MachineStep, machines: MachinesNow | null): void {
    const watch = this.#watches.get(tenantId)
    if (watch === undefined) return
    if (machines === null) watch.machines.delete(worker)
    else watch.machines.set(worker, machines)
    for (const listener of [...watch.listeners]) {
      try {
        listener(step)
      } catch (error) {
        this.#logger.error({ tenantId, err: error }, 'a listener of an inspection threw; the session goes on')
      }
    }
  }

  forget(worker: number): void {
    for (const { machines } of this.#watches.values()) machines.delete(worker)
  }
}
