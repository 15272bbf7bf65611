import type { SessionFact } from './actors/host.js'
import { Claims } from './claims.js'
import { Collection } from './collection.js'
import { discoverTenants } from './discover.js'
import { isSessionError, SessionError } from './errors.js'
import { ImplementedMachines } from './implementations.js'
import { Inspections, machinesNow } from './inspection.js'
import { logOut } from './log-out.js'
import { checkTenantId, type TenantRecord } from './ports/index.js'
import type { CloseResult, Session } from './session-api.js'
import { describeFact } from './session-facts.js'
import type { SessionHost, SessionReports } from './session-host.js'
import { Sessions } from './sessions.js'
import { storedGenerations } from './stored-generations.js'
import type {
  CountFiles,
  LogoutOptions,
  MachineStep,
  MachinesNow,
  ShutdownResult,
  StartOptions,
  StoredGeneration,
  SupervisorEvents,
} from './supervisor-api.js'
import { inSlices } from './turns.js'
import { TypedEvents } from './typed-events.js'

/** Keeps many tenants' sessions. Made by `createSupervisor`. */
export class Supervisor<Socket = unknown> {
  readonly #events: TypedEvents<SupervisorEvents>
  readonly #sessions: Sessions<Socket>
  readonly #claims: Claims<Socket>
  readonly #collection: Collection<Socket>
  readonly #socketListeners = new Set<(socket: Socket, tenantId: string) => void>()
  readonly #host: SessionHost<Socket>
  readonly #inspections: Inspections
  readonly #closeParts: () => Promise<void>
  #retryTimer: unknown = null
  #shutdown: Promise<ShutdownResult> | null = null

  constructor(
    host: Omit<SessionHost<Socket>, 'machines' | keyof SessionReports<Socket>>,
    closeParts: () => Promise<void>,
    events = new TypedEvents<SupervisorEvents>(host.logger),
  ) {
    this.#closeParts = closeParts
    this.#events = events
    this.#inspections = new Inspections(host.clock, host.logger)
    const told: Omit<SessionHost<Socket>, 'machines'> = {
      ...host,
      report: (fact) => this.#report(fact),
      changed: (tenantId) => this.#events.emit('changed', { tenantId }),
      machineMade: (tenantId, actor) => this.#inspections.machineMade(tenantId, actor),
      socketMade: (tenantId, socket) => this.#socketMade(tenantId, socket),
      code: (tenantId, kind, text) => this.#code(tenantId, kind, text),
      ended: (tenantId, result) => this.#ended(tenantId, result),
    }
    this.#host = { ...told, machines: new ImplementedMachines(told) }
    this.#sessions = new Sessions(this.#host)
    this.#claims = new Claims(this.#host, this.#sessions)
    this.#collection = new Collection(this.#host, this.#sessions)
  }

  /** This host, as an owner of leases. */
  get hostId(): string {
    return this.#host.root.ownerId
  }

  /** Every session of this process that runs or has ended, by tenant id. */
  get sessions(): ReadonlyMap<string, Session<Socket>> {
    return this.#sessions.all
  }

  /** Uploads that run and that wait for their turn. */
  get uploads(): { running: number; waiting: number } {
    return { running: this.#host.uploads.running, waiting: this.#host.uploads.waiting }
  }

  /** Listens; returns the way to stop that. A listener that throws is logged and harms nobody. */
  on<Name extends keyof SupervisorEvents>(
    name: Name,
    listener: (event: SupervisorEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  /** Calls `listener` with every socket: those there are now, and each new one before it connects. */
  onSocket(listener: (socket: Socket, tenantId: string) => void): () => void {
    this.#socketListeners.add(listener)
    for (const session of this.#sessions.all.values()) {
      if (session.socket !== null && session.result === null)
        this.#tell(listener, session.socket, session.tenantId)
    }
    return () => void this.#socketListeners.delete(listener)
  }

  get(tenantId: string): Session<Socket> | undefined {
    return this.#sessions.all.get(tenantId)
  }

  /**
   * Starts a tenant's session, or gives the one that runs. It is brought up again at every start of the process until
   * it is stopped.
   * @throws SessionError `invalid` the tenant id · `closed` after shutdown · `unavailable` the registry
   */
  async start(tenantId: string, options: StartOptions = {}): Promise<Session<Socket>> {
    checkTenantId(tenantId)
    this.#refuseAfterShutdown()
    const running = this.#sessions.running(tenantId)
    if (running) return running
    const { registry, root, settings } = this.#host
    const keptFor = { owner: root.ownerId, ttlMs: settings.leaseRenewMs }
    const asked = registry.setDesired(tenantId, 'running', keptFor)
    // Nobody else here brings it up meanwhile, without the options.
    this.#sessions.track(
      asked.catch(() => {}),
      tenantId,
    )
    await asked
    this.#refuseAfterShutdown()
    return this.#sessions.bringUp(tenantId, options)
  }

  /**
   * As `session.stop()`, for all hosts: one that runs the tenant ends it within about a second, and nobody brings it up
   * until it is started. Null when it does not run here.
   */
  async stop(tenantId: string): Promise<CloseResult | null> {
    checkTenantId(tenantId)
    const session = this.#sessions.all.get(tenantId)
    await this.#host.registry.setDesired(tenantId, 'stopped')
    return session ? await session.end() : null
  }

  /**
   * Unlinks the device at WhatsApp and deletes the session everywhere. A tenant that does not run is connected first:
   * without that, the device would stay linked on the phone. One that the phone has unlinked already is deleted.
   * @throws SessionError `timeout` WhatsApp could not be reached · `ended` it does not let the session in, or another host
   *   or the end of this process was faster: nothing was deleted; `force` deletes all the same where it is still ours
   */
  async logout(tenantId: string, options: LogoutOptions = {}): Promise<CloseResult> {
    const start = async () => {
      await this.start(tenantId)
      return this.#sessions.all.get(tenantId)!
    }
    return await logOut({ start }, options)
  }

  /** Rows of all tenants, those that other hosts run included. */
  async tenants(): Promise<TenantRecord[]> {
    return await this.#host.registry.list()
  }

  /** A tenant's row; null is proof that there is none. @throws SessionError `invalid` · `unavailable` the registry */
  async tenant(tenantId: string): Promise<TenantRecord | null> {
    return await this.#host.registry.read(checkTenantId(tenantId))
  }

  /** Proves that the store answers and may be used. @throws SessionError `unavailable` · `denied` · `missing` */
  async checkStore(): Promise<void> {
    await this.#host.store.check()
  }

  /**
   * Tells every step of a tenant's machines, of its next sessions too, until the returned function is called. Costs what
   * is watched only. A listener that throws is logged and harms nobody.
   */
  inspect(tenantId: string, listener: (step: MachineStep) => void): () => void {
    const actor = this.#sessions.running(checkTenantId(tenantId))?.actor ?? null
    return this.#inspections.watch(tenantId, actor, listener)
  }

  /** A tenant's machines as they are now; null when its session does not run in this process. */
  machines(tenantId: string): MachinesNow | null {
    const session = this.#sessions.running(tenantId)
    return session === null ? null : machinesNow(session.actor)
  }

  /** A tenant's backups in the store, the newest first. @throws SessionError `invalid` · `unavailable` · `denied` */
  async generations(tenantId: string, count?: CountFiles): Promise<StoredGeneration[]> {
    return await storedGenerations(this.#host, checkTenantId(tenantId), count)
  }

  /** Files of a tenant's session on this host's disk. @throws SessionError `invalid` · `denied` */
  localFiles(tenantId: string): number {
    return this.#host.root.countFiles(tenantId)
  }

  /** True from the call of `shutdown` on. */
  get isShuttingDown(): boolean {
    return this.#shutdown !== null
  }

  /**
   * Shares the tenants that are to run with the other hosts on this registry, from now on: claims those that nobody has,
   * up to this host's share and capacity, and hands over what is above it. A registry that was lost is filled first with
   * what the store and the disk hold. While the store or the registry cannot be asked, it is tried again in the
   * background. May be called again and again.
   * @returns the tenants brought up now
   * @throws SessionError `unavailable` the registry; it is tried again
   */
  async resume(): Promise<string[]> {
    if (this.#shutdown) return []
    const { rows, complete } = await discoverTenants(this.#host).catch((error: unknown) => {
      if (isSessionError(error, 'unavailable')) this.#resumeLater()
      throw error
    })
    if (this.#shutdown) return []
    if (!complete) this.#resumeLater()
    return await this.#claims.resume(rows)
  }

  /** Stops every session (final backups, leases given up) and closes everything, within the deadline. */
  shutdown(): Promise<ShutdownResult> {
    this.#shutdown ??= this.#shutDown()
    return this.#shutdown
  }

  async #shutDown(): Promise<ShutdownResult> {
    const { clock, logger, settings } = this.#host
    this.#collection.close()
    if (this.#retryTimer !== null) clock.clearTimeout(this.#retryTimer)
    // First of all, so that the other hosts' shares grow while the sessions end.
    this.#sessions.track(this.#claims.close())
    const sessions = [...this.#sessions.allRunning()]
    const stops: Promise<CloseResult>[] = []
    const stopped = inSlices(sessions, (session) => void stops.push(session.end()))
      .then(() => Promise.all(stops))
      .then(() => this.#sessions.finish())
    let timer: unknown
    const deadline = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, settings.shutdownDeadlineMs)
    })
    await Promise.race([stopped, deadline])
    clock.clearTimeout(timer)
    await this.#closeParts()
    const unprotected = sessions
      .map(({ tenantId, result, unprotected: left }) => ({
        tenantId,
        unsaved: result?.unsaved ?? left.changes,
      }))
      .filter(({ unsaved }) => unsaved > 0)
    logger.info({ sessions: sessions.length, unprotected: unprotected.length }, 'shut down')
    return { sessions: sessions.length, unprotected }
  }

  #refuseAfterShutdown(): void {
    if (this.#shutdown) throw new SessionError('closed', 'The supervisor was shut down; make a new one.')
  }

  /** One retry at a time, however many callers asked. */
  #resumeLater(): void {
    if (this.#shutdown || this.#retryTimer !== null) return
    const { clock, logger, settings } = this.#host
    this.#retryTimer = clock.setTimeout(() => {
      this.#retryTimer = null
      this.resume().catch((error: unknown) => {
        logger.warn({ err: error }, 'tenants not looked for; it is tried again')
      })
    }, settings.backoffMaxMs / 6)
  }

  #report(fact: SessionFact): void {
    const { level, message, fields } = describeFact(fact)
    this.#host.logger[level](fields, message)
    if (fact.type === 'backup.failed') this.#sessions.running(fact.tenantId)?.noteFailure(fact.error)
    this.#events.emit('fact', fact)
  }

  #socketMade(tenantId: string, socket: Socket): void {
    for (const listener of [...this.#socketListeners]) this.#tell(listener, socket, tenantId)
  }

  #tell(listener: (socket: Socket, tenantId: string) => void, socket: Socket, tenantId: string): void {
    try {
      listener(socket, tenantId)
    } catch (error) {
      this.#host.logger.error({ tenantId, err: error }, 'an onSocket listener threw; the session goes on')
    }
  }

  #code(tenantId: string, kind: 'qr' | 'pairingCode', text: string): void {
    if (kind === 'qr') this.#events.emit('qr', { tenantId, qr: text })
    else this.#events.emit('pairingCode', { tenantId, code: text })
  }

  #ended(tenantId: string, result: CloseResult): void {
    const { logger } = this.#host
    this.#sessions.ended(tenantId, result)
    const level = result.unsaved > 0 || result.reason !== 'stopped' ? 'warn' : 'info'
    logger[level]({ tenantId, ...result }, 'session ended')
    this.#events.emit('closed', { tenantId, ...result })
  }
}
