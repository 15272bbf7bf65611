import { type ActorRefFrom, createActor } from 'xstate'
import type { LinkStatus, tenantMachine } from '../machines/index.js'
import { TenantWork } from './actors/tenant-work.js'
import { AskedBackup } from './asked-backup.js'
import { endedError, logoutResult } from './ended-session.js'
import { asError, forLog, isDefect, SessionError } from './errors.js'
import { cleanUpAfter } from './failed-session.js'
import type { LeasedTenant, PairingRequest, SessionStatus } from './ports/index.js'
import type { AwaitedState, CloseResult, LinkWait, Session } from './session-api.js'
import type { SessionHost } from './session-host.js'
import { SessionLink } from './session-link.js'
import { connectionStateOf, isIn, statePath, statusOf, type TenantSnapshot } from './session-status.js'
import { unprotectedOf } from './unprotected.js'
import { Watchers } from './watchers.js'

/** The machine with what it is wired to, from its start to its end. */
interface Run {
  readonly work: TenantWork
  readonly link: { cut(): void }
  readonly actor: ActorRefFrom<typeof tenantMachine>
}

/** A running session: the machine, wired to its host, behind the public face. */
export class TenantSession<Socket> implements Session<Socket> {
  readonly tenantId: string
  socket: Socket | null = null
  result: CloseResult | null = null
  readonly #host: SessionHost<Socket>
  readonly #options: { pairing: PairingRequest; mayPair: boolean }
  /** It was brought up because its lease was free, and nobody asked for it here. */
  readonly wasClaimed: boolean
  /** Its user said so; see `Session.stop`. */
  isStoppedHere = false
  readonly #watchers: Watchers
  #run: Run
  #snapshot: TenantSnapshot
  #endAsked = false
  #lastFailure: unknown = null
  #written = ''
  /** What the machines before this one have not finished yet. */
  #before: Promise<void> = Promise.resolve()

  constructor(
    host: SessionHost<Socket>,
    tenantId: string,
    options: { pairing: PairingRequest; mayPair: boolean; claimed: LeasedTenant | null },
  ) {
    this.tenantId = tenantId
    this.#host = host
    this.#watchers = new Watchers(host.clock)
    this.#options = options
    this.wasClaimed = options.claimed !== null
    this.#run = this.#newRun()
    this.work.claimed = options.claimed
    this.#snapshot = this.#run.actor.getSnapshot()
  }

  #newRun(): Run {
    const { tenantId } = this
    const host = this.#host
    const work = new TenantWork(tenantId, {
      changed: (position, how) => actor.send({ type: 'files.changed', position, urgent: how === 'urgent' }),
      flawed: () => actor.send({ type: 'session.backup', audit: true }),
    })
    const link = new SessionLink(host, work, this.#options.pairing, (socket) => {
      this.socket = socket
      host.socketMade(tenantId, socket)
    })
    const actor = createActor(host.machines.tenant, {
      input: { tenantId, mayPair: this.#options.mayPair },
      clock: {
        setTimeout: (run, ms) => host.clock.setTimeout(run, ms),
        clearTimeout: (id) => host.clock.clearTimeout(id),
      },
    })
    host.machines.wire(actor, {
      work,
      leaseLost: () => actor.send({ type: 'lease.lost' }),
      stopped: () => actor.send({ type: 'session.stop' }),
      turnToConnect: (aborted) => link.turnToConnect(this.#snapshot.context.urgentSeq, aborted),
      connect: (send) => {
        const { hasSession } = this.#snapshot.context
        return link.connect({ hasSession, showsCodes: () => this.#isIn('pairing') }, send)
      },
      cutConnection: () => link.cut(),
    })
    // Before the start: without an error observer, a throwing action would end the process.
    actor.subscribe({ next: (snapshot) => this.#follow(snapshot), error: (error) => this.#fail(error) })
    host.machineMade(tenantId, actor)
    return { work, link, actor }
  }

  get work(): TenantWork {
    return this.#run.work
  }

  /** Resolves when nothing of it is under way any more, as it may be for a while after its end. */
  idle(): Promise<void> {
    const { work } = this
    return this.#before.then(() => work.idle())
  }

  get state(): string {
    return statePath(this.#snapshot.value)
  }

  get status(): SessionStatus {
    return statusOf(this.#snapshot)
  }

  get link(): LinkStatus {
    return this.#snapshot.context.link
  }

  get linkWait(): LinkWait | null {
    return this.link === 'waiting' && this.result === null ? this.work.linkWait : null
  }

  get unprotected(): Session['unprotected'] {
    return unprotectedOf(this.work.folder, this.result?.unsaved, this.#host.clock.now())
  }

  get generation(): number {
    return this.work.head?.seq ?? 0
  }

  get lastError(): string | null {
    return this.result?.lastError ?? this.#snapshot.context.lastError
  }

  /** The machine, for whoever draws or inspects it. */
  get actor(): ActorRefFrom<typeof tenantMachine> {
    return this.#run.actor
  }

  start(): void {
    this.actor.start()
  }

  waitFor(state: AwaitedState, { timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    const reached = () => (this.#isIn(state) ? true : this.#endedError(`before it was ${state}`))
    return this.#until(reached, timeoutMs, `tenant ${this.tenantId} to be ${state}`)
  }

  /** Resolves when it is connected, shows a code, or has ended. @throws SessionError `timeout` */
  untilLinked(timeoutMs: number): Promise<void> {
    const isSo = () => this.#isIn('connected') || this.#isIn('pairing') || this.#isIn('closed')
    return this.#until(isSo, timeoutMs, `WhatsApp to answer tenant ${this.tenantId}`)
  }

  /** As `untilLinked`, when its folder is open. */
  untilOpened(timeoutMs: number): Promise<void> {
    return this.#until(() => this.work.folder !== null || this.result !== null, timeoutMs, 'its restore')
  }

  backupNow(): Promise<void> {
    return this.#backup(false)
  }

  auditNow(): Promise<void> {
    return this.#backup(true)
  }

  async stop(): Promise<CloseResult> {
    this.isStoppedHere = true
    return await this.end()
  }

  /** As `stop`, but any host, this one too, may claim the tenant at once. */
  async end(): Promise<CloseResult> {
    return await this.#endWith('session.stop')
  }

  /** Its end has begun, or is asked for. */
  get isEnding(): boolean {
    return this.#endAsked || this.#snapshot.context.reason !== null
  }

  async logout(): Promise<CloseResult> {
    return logoutResult(this.tenantId, await this.#endWith('session.logout'))
  }

  /** The last failed backup's error is what `backupNow` rejects with. */
  noteFailure(error: unknown): void {
    this.#lastFailure = error
    this.#changed()
  }

  async #backup(audit: boolean): Promise<void> {
    if (this.result) throw this.#endedError('before the backup') as SessionError
    this.#lastFailure = null
    const ask = () => this.actor.send({ type: 'session.backup', audit })
    const asked = new AskedBackup(this.tenantId, { audit, ask })
    await this.#until(
      () => {
        if (this.#lastFailure !== null) return asError(this.#lastFailure)
        return asked.isDone(this.work, this.#snapshot) || this.#endedError('during the backup')
      },
      undefined,
      'the backup',
    )
  }

  async #endWith(type: 'session.stop' | 'session.logout'): Promise<CloseResult> {
    this.#endAsked = true
    this.actor.send({ type })
    await this.#until(() => this.result !== null, undefined, 'the end')
    return this.result!
  }

  #isIn(state: AwaitedState): boolean {
    return isIn(state, this.#snapshot.context, this.result)
  }

  #endedError(when: string): SessionError | false {
    return this.result !== null && endedError(this.tenantId, this.result, when)
  }

  /** @throws what `isSo` gives · `timeout` */
  #until(isSo: () => boolean | Error, timeoutMs: number | undefined, what: string): Promise<void> {
    if (timeoutMs === undefined) return this.#watchers.until(isSo)
    const late = () => {
      const message = `Waited ${timeoutMs} ms for ${what}; it is ${this.state} (link ${this.link}).`
      return new SessionError('timeout', message)
    }
    return this.#watchers.until(isSo, { timeoutMs, late })
  }

  #follow(snapshot: TenantSnapshot): void {
    this.#snapshot = snapshot
    this.#writeStatus()
    if (snapshot.status === 'done') {
      if (this.#pairingWasCutOff(snapshot.output)) this.#beginAnew()
      else this.#end(snapshot.output)
    }
    this.#changed()
  }

  /** Nobody has logged anything out: WhatsApp never linked the device, and all that was stored of it is set aside. */
  #pairingWasCutOff({ reason, unsaved, lastError }: CloseResult): boolean {
    const inOrder = reason === 'loggedOut' && unsaved === 0 && lastError === null
    return inOrder && this.work.neverLinked && this.#options.mayPair && !this.#endAsked
  }

  #beginAnew(): void {
    this.#host.logger.warn(
      { tenantId: this.tenantId },
      'the pairing was cut off before WhatsApp had linked the device; a new code will be shown',
    )
    this.work.stopWaiting()
    this.#before = this.idle()
    this.#run = this.#newRun()
    this.#snapshot = this.actor.getSnapshot()
    // What was set aside too slowly for its deadline is still under way; what this one is told until then, it keeps.
    void this.#before.then(() => this.actor.start())
  }

  #fail(error: unknown): void {
    const err = forLog(error)
    this.#host.logger.error({ tenantId: this.tenantId, err }, 'a session failed; the others go on')
    const result = {
      reason: 'failed',
      unsaved: this.work.folder?.unsavedCount ?? 0,
      lastError: isDefect(error) ? 'internal' : 'unknown',
    } as const
    cleanUpAfter(this.#host, this.#run, result)
    this.#end(result)
    this.#changed()
  }

  #end(result: CloseResult): void {
    if (this.result) return
    this.result = result
    this.work.stopWaiting()
    this.#host.ended(this.tenantId, result)
  }

  #changed(): void {
    this.#watchers.look()
    this.#host.changed(this.tenantId)
  }

  #writeStatus(): void {
    const { lease, tenantId, phoneNumber } = this.work
    if (lease === null) return
    const { lastError } = this.#snapshot.context
    const update = {
      status: this.status,
      connectionState: connectionStateOf(this.#snapshot),
      phoneNumber,
      authStatePath: `${this.#host.root.path}/${tenantId}`,
      lastError: lastError ?? this.#snapshot.context.reason,
    }
    const text = JSON.stringify([lease.epoch, update])
    if (text === this.#written) return
    this.#written = text
    this.#host.statuses.set({ tenantId, owner: lease.owner, epoch: lease.epoch, ...update })
  }
}
