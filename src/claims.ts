import { jitterMs } from '../machines/index.js'
import { EndedSession } from './ended-session.js'
import { forLog, isDefect, isSessionError } from './errors.js'
import { HandOver } from './hand-over.js'
import type { LeasedTenant, Pool, TenantRecord } from './ports/index.js'
import type { SessionHost } from './session-host.js'
import type { Sessions } from './sessions.js'
import { capacityOf, sharesOf } from './shares.js'
import { inSlices } from './turns.js'

interface HeldLease {
  readonly tenantId: string
  readonly epoch: number
}

/** Periods for which a tenant that was stopped here is left to other hosts. */
const othersFirst = 5

/**
 * Shares tenants with the other hosts of the registry. Once a period it checks in, takes what is free up to this
 * host's share, and hands over what is above it.
 */
export class Claims<Socket> {
  readonly #host: SessionHost<Socket>
  readonly #sessions: Sessions<Socket>
  readonly #handOver: HandOver<Socket>
  #joinedAt: number | null = null
  #timer: unknown = null
  #lastPass: Promise<unknown> = Promise.resolve()
  #hasStarted = false
  #closed = false
  #hasFailed = false
  /** Since then, and for so long, expired leases are left to their owners. */
  #quiet = { sinceMs: 0, forMs: 0 }
  /** Tenants that the next claim may take at most, beside its own. */
  #bite: number
  #hasRoom = true

  constructor(host: SessionHost<Socket>, sessions: Sessions<Socket>) {
    this.#host = host
    this.#sessions = sessions
    this.#handOver = new HandOver(host, sessions)
    this.#bite = host.settings.connectConcurrency
  }

  /**
   * Starts the loop, once; checks in and claims now.
   * @param rows the registry's rows as they are: leases among them that no session stands for are taken up again
   * @returns the tenants brought up
   * @throws SessionError `unavailable` the registry; the loop tries again
   */
  async resume(rows: readonly TenantRecord[]): Promise<string[]> {
    if (!this.#hasStarted) {
      this.#hasStarted = true
      // Whether the registry was away a moment ago, nobody has seen: its owners renew within a period.
      this.#leaveToOwners(this.#host.settings.leaseRenewMs)
      this.#arm()
    }
    return await this.#pass(this.#strays(rows))
  }

  /** Leaves the others its share, and claims nothing any more. Resolves when nothing is under way; never fails. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) this.#host.clock.clearTimeout(this.#timer)
    this.#timer = null
    if (!this.#hasStarted) return
    await this.#checkOut()
    await this.#lastPass
    // A check-in that was under way may have come after it.
    if (this.#joinedAt !== null) await this.#checkOut()
  }

  async #checkOut(): Promise<void> {
    this.#joinedAt = null
    await this.#host.registry.checkOut(this.#host.root.ownerId).catch((error: unknown) => {
      this.#host.logger.warn({ err: error }, 'not checked out; the others notice it in a while')
    })
  }

  #arm(): void {
    if (this.#closed) return
    const { clock, settings, random } = this.#host
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = null
        void this.#look().finally(() => this.#arm())
      },
      jitterMs(settings.claimPeriodMs, random),
    )
  }

  /** A registry that is away is told of once, not each second. */
  async #look(): Promise<void> {
    const { logger } = this.#host
    try {
      await this.#pass([])
      if (this.#hasFailed) logger.info({}, 'tenants are claimed again')
      this.#hasFailed = false
    } catch (error) {
      const level = isDefect(error) ? 'error' : this.#hasFailed ? 'debug' : 'warn'
      logger[level]({ err: forLog(error) }, 'no tenants claimed; it is tried again each period')
      this.#hasFailed = true
    }
  }

  /** One after the other. */
  #pass(strays: readonly HeldLease[]): Promise<string[]> {
    const pass = this.#lastPass.then(() => this.#passNow(strays))
    this.#lastPass = pass.catch((error: unknown) => {
      if (isSessionError(error, 'unavailable')) this.#leaveToOwners(2 * this.#host.settings.leaseRenewMs)
    })
    return pass
  }

  async #passNow(found: readonly HeldLease[]): Promise<string[]> {
    if (this.#closed) return []
    const { settings, root } = this.#host
    const pool = await this.#checkIn()
    if (this.#closed) return []
    this.#sayWhenFull(pool)
    this.#endUnwanted(pool)
    const strays = found.length > 0 || !this.#hasStrays(pool) ? found : await this.#lookForStrays()
    const held = this.#held()
    const share = sharesOf(pool.hosts, pool.wanted).get(root.ownerId)!
    // What is left of a session on this disk may be ahead of its backup: it is taken up here, share or no share.
    const own = strays.slice(0, Math.max(0, settings.capacity - held))
    const limit = own.length + Math.min(Math.max(0, share - held - own.length), this.#bite)
    const claimed =
      limit > 0 && (own.length > 0 || this.#isClaimable(pool))
        ? await this.#claim(limit, own, this.#keptOut(pool))
        : []
    this.#bite *= 2
    const brought = await this.#bringUp(claimed)
    const taken = new Set(claimed.map(({ record }) => record.tenantId))
    this.#giveBack(strays.filter(({ tenantId }) => !taken.has(tenantId)))
    this.#handOver.look(pool, held - share)
    return brought
  }

  async #checkIn(): Promise<Pool> {
    const { registry, root, settings } = this.#host
    const ttlMs = Math.max(2 * settings.leaseRenewMs, 3 * settings.claimPeriodMs)
    const host = { owner: root.ownerId, capacity: settings.capacity, ttlMs, joinedAt: this.#joinedAt }
    const pool = await registry.checkIn(host)
    this.#joinedAt = pool.joinedAt
    return pool
  }

  /** Sessions that have a lease. */
  #held(): number {
    return [...this.#sessions.allRunning()].filter(({ work }) => work.lease !== null).length
  }

  #isClaimable({ free, expired }: Pool): boolean {
    return free > 0 || (expired > 0 && this.#mayTakeExpired)
  }

  #leaveToOwners(forMs: number): void {
    this.#quiet = { sinceMs: this.#host.clock.now(), forMs }
  }

  get #mayTakeExpired(): boolean {
    const passedMs = this.#host.clock.now() - this.#quiet.sinceMs
    // Below 0 when the clock was set back: that must not last as long as it was set back by.
    return passedMs < 0 || passedMs >= this.#quiet.forMs
  }

  async #claim(limit: number, own: readonly HeldLease[], except: string[]): Promise<LeasedTenant[]> {
    const { registry, root, settings } = this.#host
    return await registry.claim({
      owner: root.ownerId,
      ttlMs: settings.leaseTtlMs,
      limit: Math.min(limit, 2 ** 31 - 1),
      expired: this.#mayTakeExpired,
      own,
      except,
    })
  }

  /** Tenants that this process does not claim: a session waits for their lease, or their user stopped them here. */
  #keptOut({ hosts }: Pool): string[] {
    const { clock, settings } = this.#host
    const isRecent = (agedMs: number) => agedMs >= 0 && agedMs < othersFirst * settings.claimPeriodMs
    const isKept = (stoppedAt: number | null) =>
      // Others come first; a tenant that is to run does not stay down for it.
      stoppedAt !== null && (hosts.length === 1 || isRecent(clock.now() - stoppedAt))
    const sessions = [...this.#sessions.all.values()]
    return sessions
      .filter((session) =>
        session instanceof EndedSession ? isKept(session.stoppedAt) : this.#waits(session.tenantId),
      )
      .map(({ tenantId }) => tenantId)
  }

  #waits(tenantId: string): boolean {
    return this.#sessions.running(tenantId)?.work.lease === null
  }

  async #bringUp(claimed: readonly LeasedTenant[]): Promise<string[]> {
    const brought: string[] = []
    const late: HeldLease[] = []
    await inSlices(claimed, (leased) => {
      const { tenantId } = leased.record
      if (this.#closed || this.#sessions.isBusy(tenantId)) {
        late.push({ tenantId, epoch: leased.lease.epoch })
        return
      }
      this.#sessions.bringUp(tenantId, {}, leased)
      brought.push(tenantId)
    })
    this.#giveBack(late)
    return brought
  }

  /** Somebody has stopped the tenant on another host, which cannot end a session that runs here. */
  #endUnwanted({ unwanted }: Pool): void {
    for (const { tenantId, epoch } of unwanted) {
      const session = this.#sessions.running(tenantId)
      if (session?.work.epoch === epoch && !session.isEnding)
        this.#sessions.track(session.end().then(() => {}))
    }
  }

  #giveBack(leases: readonly HeldLease[]): void {
    if (leases.length === 0) return
    const { registry, root, logger } = this.#host
    const released = registry.release(root.ownerId, leases).catch((error: unknown) => {
      logger.warn({ err: error, tenants: leases.length }, 'leases not given back; they will expire')
    })
    this.#sessions.track(released)
  }

  /** The registry knows of more leases of this host than it has sessions: an answer was lost on its way. */
  #hasStrays({ hosts }: Pool): boolean {
    const { ownerId } = this.#host.root
    const known = [...this.#sessions.allRunning()].filter(
      ({ work, state }) => work.lease !== null || state === 'restoring.acquiring',
    )
    return hosts.find(({ owner }) => owner === ownerId)!.leases > known.length
  }

  async #lookForStrays(): Promise<HeldLease[]> {
    return this.#strays(await this.#host.registry.list({ desiredState: 'running' }))
  }

  #strays(rows: readonly TenantRecord[]): HeldLease[] {
    const { ownerId } = this.#host.root
    return rows.flatMap(({ tenantId, desiredState, lease }) => {
      const isOurs = desiredState === 'running' && lease?.owner === ownerId && lease.expiresAt !== 0
      return isOurs && !this.#sessions.isBusy(tenantId) ? [{ tenantId, epoch: lease.epoch }] : []
    })
  }

  #sayWhenFull({ hosts, wanted }: Pool): void {
    const capacity = capacityOf(hosts)
    const hasRoom = capacity >= wanted
    if (!hasRoom && this.#hasRoom) {
      const message =
        'more tenants are to run than all hosts have room for; the rest waits. Add a host, or raise CAPACITY'
      this.#host.logger.warn({ wanted, capacity, hosts: hosts.length }, message)
    }
    this.#hasRoom = hasRoom
  }
}
