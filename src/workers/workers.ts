import { withErrors } from '../error-by-message.js'
import { SessionError } from '../errors.js'
import { checkTenantId, type TenantRecord } from '../ports/index.js'
import type { CloseResult, Session } from '../session-api.js'
import { storedGenerations } from '../stored-generations.js'
import type {
  CountFiles,
  LogoutOptions,
  MachineStep,
  MachinesNow,
  ShutdownResult,
  StartOptions,
  StoredGeneration,
  SupervisorEvents,
} from '../supervisor-api.js'
import { TypedEvents } from '../typed-events.js'
import { HoldTable } from './hold-table.js'
import type { CallName, FromWorker, Told } from './messages.js'
import { RemoteSessions } from './remote-sessions.js'
import { RemoteWatches } from './remote-watches.js'
import type { WorkerProcess } from './worker-process.js'
import { WorkerSlot } from './worker-slot.js'
import { endingMs, unknownEndOf, uploadsOf, type WorkersParts, type WorkerView } from './workers-parts.js'

/** Worker processes, seen as one supervisor. Made by `runWorkers`. */
export class Workers {
  readonly #parts: WorkersParts
  readonly #events: TypedEvents<SupervisorEvents>
  readonly #slots: readonly WorkerSlot[]
  readonly #sessions: RemoteSessions
  readonly #holds: HoldTable
  readonly #watches: RemoteWatches
  /** Workers that were asked to start a tenant and have not answered. */
  readonly #starting = new Map<string, number>()
  /** Sessions with unprotected changes whose worker died, until somebody takes them up. */
  readonly #orphaned = new Map<string, number>()
  #wantsFacts = false
  #hasResumed = false
  #shutdown: Promise<ShutdownResult> | null = null

  constructor(parts: WorkersParts) {
    const { clock, logger, settings } = parts
    this.#parts = parts
    this.#events = new TypedEvents(logger)
    this.#sessions = new RemoteSessions(
      (worker, name, args) => this.#call(worker, name, args),
      () => clock.now(),
    )
    this.#holds = new HoldTable(clock)
    this.#watches = new RemoteWatches(logger, (tenantId, isOn) => {
      for (const { process } of this.#slots) process?.send({ type: 'watch', tenantId, isOn })
    })
    const slotParts = {
      ...{ clock, logger, settings },
      optionsOf: (worker: number) => ({ ...parts.optionsOf(worker), resume: this.#hasResumed }),
      heard: (process: WorkerProcess, message: FromWorker) => this.#heard(process, message),
      up: (process: WorkerProcess) => {
        if (this.#wantsFacts) process.send({ type: 'facts' })
        for (const tenantId of this.#watches.tenants) process.send({ type: 'watch', tenantId, isOn: true })
      },
      gone: (process: WorkerProcess) => this.#gone(process),
    }
    this.#slots = Array.from({ length: parts.workers }, (_, at) => new WorkerSlot(at + 1, slotParts))
  }

  /** Starts all. @throws what one of them failed with, when all have ended */
  async open(): Promise<void> {
    // The first may raise an alert before the last is up, and nobody has this to listen to yet.
    this.#events.hold()
    const started = await Promise.allSettled(this.#slots.map((slot) => slot.start()))
    setImmediate(() => this.#events.deliver())
    const failed = started.find((outcome) => outcome.status === 'rejected')
    if (!failed) return
    await this.shutdown()
    throw failed.reason
  }

  get workers(): WorkerView[] {
    return this.#slots.map(({ worker, pid, process }) => ({
      ...{ worker, pid, isUp: process !== null, sessions: this.#sessions.runningIn(worker).length },
    }))
  }

  /** As `Supervisor.uploads`, of all workers as they last told. */
  get uploads(): { running: number; waiting: number } {
    return uploadsOf(this.#slots)
  }

  get problems(): string[] {
    return this.#slots.some(({ process }) => process !== null) ? [] : ['workers: none is up']
  }

  /** Every session that some worker told of, by tenant id. Their sockets are in the workers: `socket` is null here. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions.all
  }

  get(tenantId: string): Session | undefined {
    return this.#sessions.all.get(tenantId)
  }

  /** As `Supervisor.on`, for the sessions of all workers; some milliseconds late. */
  on<Name extends keyof SupervisorEvents>(
    name: Name,
    listener: (event: SupervisorEvents[Name]) => void,
  ): () => void {
    if (name === 'fact' && !this.#wantsFacts) {
      this.#wantsFacts = true
      for (const { process } of this.#slots) process?.send({ type: 'facts' })
    }
    return this.#events.on(name, listener)
  }

  /**
   * As `Supervisor.start`, in the worker that runs the tenant, or has its lease, or has the fewest sessions.
   * @throws SessionError as `Supervisor.start` · `unavailable` the worker died meanwhile, or none is up
   */
  async start(tenantId: string, options: StartOptions = {}): Promise<Session> {
    checkTenantId(tenantId)
    this.#refuseAfterShutdown()
    const worker = await this.#workerFor(tenantId)
    this.#starting.set(tenantId, worker)
    try {
      await this.#call(worker, 'start', [tenantId, options])
    } finally {
      this.#starting.delete(tenantId)
    }
    return this.#sessions.all.get(tenantId)!
  }

  /** As `Supervisor.stop`. Null when it runs in no worker. */
  async stop(tenantId: string): Promise<CloseResult | null> {
    checkTenantId(tenantId)
    const running = this.#sessions.workersOf(tenantId)
    const asked = running.length > 0 ? running : [this.#emptiest()]
    const results = await Promise.all(asked.map((worker) => this.#call(worker, 'stop', [tenantId])))
    return results[0] as CloseResult | null
  }

  /** As `Supervisor.logout`. */
  async logout(tenantId: string, options: LogoutOptions = {}): Promise<CloseResult> {
    checkTenantId(tenantId)
    this.#refuseAfterShutdown()
    return (await this.#call(await this.#workerFor(tenantId), 'logout', [tenantId, options])) as CloseResult
  }

  /** Rows of all tenants, those that other hosts run included. */
  async tenants(): Promise<TenantRecord[]> {
    return await this.#parts.registry.list()
  }

  async tenant(tenantId: string): Promise<TenantRecord | null> {
    return await this.#parts.registry.read(checkTenantId(tenantId))
  }

  async checkStore(): Promise<void> {
    await this.#parts.store.check()
  }

  /** Owner id of the first worker, which is that of the directory; the others' are beside it. */
  get hostId(): string {
    return this.#parts.root.ownerId
  }

  /** As `Supervisor.inspect`, in whichever worker the tenant runs; its first step tells that its machines are known. */
  inspect(tenantId: string, listener: (step: MachineStep) => void): () => void {
    return this.#watches.watch(checkTenantId(tenantId), listener)
  }

  /** As `Supervisor.machines`, for a tenant that is watched. */
  machines(tenantId: string): MachinesNow | null {
    return this.#watches.machinesIn(tenantId, this.#sessions.workersOf(tenantId)[0])
  }

  async generations(tenantId: string, count?: CountFiles): Promise<StoredGeneration[]> {
    return await storedGenerations(this.#parts, checkTenantId(tenantId), count)
  }

  localFiles(tenantId: string): number {
    return this.#parts.root.countFiles(tenantId)
  }

  get isShuttingDown(): boolean {
    return this.#shutdown !== null
  }

  /** As `Supervisor.resume`, in all workers, those that are started again later included. */
  async resume(): Promise<string[]> {
    if (this.#shutdown) return []
    this.#hasResumed = true
    const up = this.#slots.filter(({ process }) => process !== null)
    const brought = await Promise.all(up.map(({ worker }) => this.#call(worker, 'resume', [])))
    return (brought as string[][]).flat()
  }

  /** All workers drain at the same time; one that does not end in time is killed. */
  shutdown(): Promise<ShutdownResult> {
    this.#shutdown ??= this.#shutDown()
    return this.#shutdown
  }

  async #shutDown(): Promise<ShutdownResult> {
    const { logger, settings, closed } = this.#parts
    const results: ShutdownResult[] = []
    await Promise.all(
      this.#slots.map(async (slot) => {
        const { process } = slot
        const running = this.#sessions.runningIn(slot.worker)
        const isInOrder = await slot.close(settings.shutdownDeadlineMs + endingMs)
        if (isInOrder && process?.down) results.push(process.down)
        // Whether its last changes got out, nobody knows: no session of it counts as backed up.
        else if (process !== null) results.push(unknownEndOf(running))
      }),
    )
    const orphaned = [...this.#orphaned].map(([tenantId, unsaved]) => ({ tenantId, unsaved }))
    const result = {
      sessions: results.reduce((sum, { sessions }) => sum + sessions, 0),
      unprotected: [...results.flatMap(({ unprotected }) => unprotected), ...orphaned],
    }
    logger.info({ sessions: result.sessions, unprotected: result.unprotected.length }, 'all workers ended')
    await closed()
    return result
  }

  async #call(worker: number, name: CallName, args: unknown[]): Promise<unknown> {
    const process = this.#slots[worker - 1]?.process ?? null
    if (process !== null) return await process.call(name, args)
    throw new SessionError(
      'unavailable',
      `Worker ${worker} is being started again; try again in a moment. Nothing was done.`,
    )
  }

  async #workerFor(tenantId: string): Promise<number> {
    const known = this.#sessions.workersOf(tenantId)[0] ?? this.#starting.get(tenantId)
    if (known !== undefined) return known
    const emptiest = this.#emptiest()
    // A worker may have claimed it a moment ago.
    const lease = (await this.#parts.registry.read(tenantId).catch(() => null))?.lease
    const isHeld = lease != null && lease.expiresAt > this.#parts.clock.now()
    const holder = isHeld ? this.#slots.find(({ process }) => process?.ownerId === lease.owner) : undefined
    return this.#starting.get(tenantId) ?? holder?.worker ?? emptiest
  }

  #emptiest(): number {
    const [first] = this.workers.filter(({ isUp }) => isUp).sort((a, b) => a.sessions - b.sessions)
    if (first) return first.worker
    throw new SessionError(
      'unavailable',
      'No worker is up; they are being started again. Try again in a moment.',
    )
  }

  #heard(process: WorkerProcess, message: FromWorker): void {
    const { worker } = process
    switch (message.type) {
      case 'take': {
        const { tenantId } = message
        this.#holds.take(worker, tenantId, (granted) => process.send({ type: 'hold', tenantId, granted }))
        break
      }
      case 'giveBack':
        this.#holds.giveBack(worker, message.tenantId)
        break
      case 'log':
        this.#parts.logger[message.level]({ worker, ...withErrors(message.fields) }, message.message)
        break
      case 'told':
        for (const told of message.told) this.#told(worker, told)
    }
  }

  #told(worker: number, told: Told): void {
    if ('session' in told) {
      const { session } = told
      this.#sessions.see(worker, session)
      // What its worker left on the disk is open again, and counted there.
      if (!session.state.startsWith('restoring')) this.#orphaned.delete(session.tenantId)
      this.#events.emit('changed', { tenantId: session.tenantId })
    } else if ('watched' in told) this.#watches.told(worker, told.watched, told.step, told.machines)
    else this.#events.emit(told.event, withErrors(told.payload))
  }

  #gone({ worker, down }: WorkerProcess): void {
    this.#holds.gone(worker)
    this.#watches.forget(worker)
    // A shutdown counts for itself, its own and everybody's.
    const isCounted = down !== null || this.#shutdown !== null
    for (const { tenantId, changes, result } of this.#sessions.forget(worker)) {
      if (!isCounted && result === null && changes > 0) this.#orphaned.set(tenantId, changes)
      this.#events.emit('changed', { tenantId })
    }
  }

  #refuseAfterShutdown(): void {
    if (this.#shutdown) throw new SessionError('closed', 'The workers were shut down; start new ones.')
  }
}
