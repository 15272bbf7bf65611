import type { Clock } from '../ports/clock.js'
import type {
  ClaimRequest,
  DesiredState,
  HeadSwap,
  HostCheckIn,
  Lease,
  LeasedTenant,
  LeaseRequest,
  Pool,
  Registry,
  Release,
  StatusUpdate,
  SwapOutcome,
  TenantRecord,
} from '../ports/registry.js'
import { checkTenantId } from '../ports/tenant-id.js'
import {
  byOwner,
  byTenantId,
  checkClaim,
  checkHost,
  checkLeaseRequest,
  checkSwaps,
  fencedError,
  freshRow,
  leasedError,
  mergeUpdates,
  notOpenError,
  ownFirst,
  phoneTakenError,
} from './rules.js'

/** A registry for a single process, empty at each start: no fencing between hosts. `clock` dates leases and rows. */
export function memoryRegistry(options: { clock: Clock }): Registry {
  return new MemoryRegistry(options.clock)
}

interface HostRow {
  readonly owner: string
  readonly capacity: number
  readonly joinedAt: number
  readonly expiresAt: number
}

class MemoryRegistry implements Registry {
  readonly name = 'memory'
  readonly durable = false
  readonly #clock: Clock
  readonly #rows = new Map<string, TenantRecord>()
  readonly #hosts = new Map<string, HostRow>()
  #isOpen = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async open(): Promise<void> {
    this.#isOpen = true
  }

  async close(): Promise<void> {
    this.#isOpen = false
  }

  async read(tenantId: string): Promise<TenantRecord | null> {
    this.#checkOpen()
    checkTenantId(tenantId)
    return copy(this.#rows.get(tenantId) ?? null)
  }

  async list(filter: { desiredState?: DesiredState } = {}): Promise<TenantRecord[]> {
    this.#checkOpen()
    const { desiredState } = filter
    const rows = [...this.#rows.values()].filter((row) => !desiredState || row.desiredState === desiredState)
    return copy(rows.sort(byTenantId))
  }

  async setDesired(
    tenantId: string,
    desiredState: DesiredState,
    keptFor?: { owner: string; ttlMs: number },
  ): Promise<void> {
    this.#checkOpen()
    checkTenantId(tenantId)
    const { lease, endedAt } = this.#rows.get(tenantId) ?? { lease: null, endedAt: null }
    const isKept = keptFor !== undefined && (lease === null || lease.expiresAt === 0)
    const expiresAt = this.#clock.now() + (keptFor?.ttlMs ?? 0)
    this.#change(tenantId, {
      desiredState,
      endedAt: desiredState === 'running' ? null : endedAt,
      lease: isKept ? { owner: keptFor.owner, epoch: lease?.epoch ?? 0, expiresAt } : lease,
    })
  }

  async acquire(request: LeaseRequest): Promise<LeasedTenant> {
    this.#checkOpen()
    checkLeaseRequest(request)
    const { tenantId, owner, ttlMs, minEpoch = 0 } = request
    const now = this.#clock.now()
    const held = this.#rows.get(tenantId)?.lease ?? null
    if (held && held.owner !== owner && held.expiresAt > now) {
      throw leasedError(tenantId, held.owner, held.expiresAt - now)
    }
    const lease = { owner, epoch: Math.max(held?.epoch ?? 0, minEpoch) + 1, expiresAt: now + ttlMs }
    return copy({ lease, record: this.#change(tenantId, { lease, endedAt: null }) })
  }

  async renew(owner: string, leases: readonly { tenantId: string; epoch: number }[], ttlMs: number) {
    this.#checkOpen()
    const expiresAt = this.#clock.now() + ttlMs
    const held = leases.filter(({ tenantId, epoch }) => this.#holds(tenantId, owner, epoch))
    for (const { tenantId, epoch } of held) this.#setLease(tenantId, { owner, epoch, expiresAt })
    return [...new Set(held.map(({ tenantId }) => tenantId))]
  }

  async release(owner: string, leases: readonly Release[]): Promise<void> {
    this.#checkOpen()
    for (const { tenantId, epoch, ended = false } of leases) {
      if (!this.#holds(tenantId, owner, epoch)) continue
      this.#setLease(tenantId, { owner, epoch, expiresAt: 0 })
      if (ended) this.#rows.set(tenantId, { ...this.#rows.get(tenantId)!, endedAt: this.#clock.now() })
    }
  }

  async checkIn(host: HostCheckIn): Promise<Pool> {
    this.#checkOpen()
    checkHost(host)
    const { owner, capacity, ttlMs } = host
    const now = this.#clock.now()
    const joinedAt = host.joinedAt ?? now
    this.#hosts.set(owner, { owner, capacity, joinedAt, expiresAt: now + ttlMs })
    for (const { owner: other, expiresAt } of this.#hosts.values())
      if (expiresAt <= now) this.#hosts.delete(other)
    const wanted = this.#wanted()
    const leased = wanted.filter(({ lease }) => lease !== null && lease.expiresAt > 0)
    const hosts = [...this.#hosts.values()].sort(byOwner).map((live) => ({
      owner: live.owner,
      capacity: live.capacity,
      leases: leased.filter(({ lease }) => lease!.owner === live.owner).length,
    }))
    const expired = leased.filter(({ lease }) => lease!.expiresAt <= now).length
    const unwanted = [...this.#rows.values()].flatMap(({ tenantId, desiredState, lease }) =>
      desiredState === 'stopped' && lease?.owner === owner && lease.expiresAt > 0
        ? [{ tenantId, epoch: lease.epoch }]
        : [],
    )
    const free = wanted.length - leased.length
    return { hosts, joinedAt, wanted: wanted.length, free, expired, unwanted }
  }

  async checkOut(owner: string): Promise<void> {
    this.#checkOpen()
    this.#hosts.delete(owner)
  }

  async claim(request: ClaimRequest): Promise<LeasedTenant[]> {
    this.#checkOpen()
    checkClaim(request)
    const { owner, ttlMs, limit, expired, own = [], except = [] } = request
    const now = this.#clock.now()
    const before = new Map(own.map(({ tenantId, epoch }) => [tenantId, epoch]))
    const isFree = ({ tenantId, lease }: TenantRecord) => {
      if (lease === null || lease.expiresAt === 0) return true
      if (lease.owner === owner) return before.get(tenantId) === lease.epoch
      return expired && lease.expiresAt <= now
    }
    const free = this.#wanted().filter((row) => isFree(row) && !except.includes(row.tenantId))
    const taken = ownFirst(free, request).slice(0, limit)
    return copy(
      taken.map(({ tenantId, lease: last }) => {
        const lease = { owner, epoch: (last?.epoch ?? 0) + 1, expiresAt: now + ttlMs }
        return { lease, record: this.#change(tenantId, { lease, endedAt: null }) }
      }),
    )
  }

  /** Rows that are to run, without those whose session ended after the newest live host had joined. */
  #wanted(): TenantRecord[] {
    const now = this.#clock.now()
    const live = [...this.#hosts.values()].filter(({ expiresAt }) => expiresAt > now)
    const newest = Math.max(0, ...live.map(({ joinedAt }) => joinedAt))
    return [...this.#rows.values()].filter(
      ({ desiredState, endedAt }) => desiredState === 'running' && (endedAt === null || endedAt < newest),
    )
  }

  async commit(swaps: readonly HeadSwap[]): Promise<SwapOutcome[]> {
    this.#checkOpen()
    checkSwaps(swaps)
    return swaps.map((swap) => this.#swap(structuredClone(swap)))
  }

  #swap({ tenantId, owner, epoch, expectedSeq, head }: HeadSwap): SwapOutcome {
    const current = this.#rows.get(tenantId)?.head ?? null
    const isOurs = current?.seq === head.seq && current.key === head.key && current.digest === head.digest
    if (isOurs) return 'committed'
    if (!this.#holds(tenantId, owner, epoch)) return 'fenced'
    if ((current?.seq ?? 0) !== expectedSeq) return 'conflict'
    this.#change(tenantId, { head, lastBackupAt: this.#clock.now(), lastError: null })
    return 'committed'
  }

  async updateStatus(updates: readonly StatusUpdate[]): Promise<void> {
    this.#checkOpen()
    const live = mergeUpdates(updates).filter(({ tenantId, owner, epoch }) => {
      const lease = this.#rows.get(tenantId)?.lease
      return lease?.owner === owner && lease.epoch === epoch
    })
    // As one statement would: numbers count as taken by who held them before it, else by the first who asks.
    const holders = new Map([...this.#rows.values()].map((row) => [row.phoneNumber, row.tenantId]))
    for (const { tenantId, owner: _owner, epoch: _epoch, ...fields } of live) {
      const { phoneNumber } = fields
      const holder = phoneNumber ? (holders.get(phoneNumber) ?? tenantId) : tenantId
      if (phoneNumber) holders.set(phoneNumber, holder)
      const collision = holder === tenantId ? {} : { phoneNumber: null, lastError: phoneTakenError(holder) }
      this.#change(tenantId, { ...fields, ...collision })
    }
  }

  async clearHead(tenantId: string, owner: string, epoch: number): Promise<void> {
    this.#checkOpen()
    if (!this.#holds(tenantId, owner, epoch)) throw fencedError(tenantId)
    const forgotten = { head: null, phoneNumber: null, lastBackupAt: null, unsaved: 0 }
    this.#change(tenantId, { ...forgotten, status: 'LOGGED_OUT', desiredState: 'stopped' })
  }

  /** An expired lease is still held while nobody else has taken it; one that was given up is not. */
  #holds(tenantId: string, owner: string, epoch: number): boolean {
    const lease = this.#rows.get(tenantId)?.lease
    return lease?.owner === owner && lease.epoch === epoch && lease.expiresAt > 0
  }

  #setLease(tenantId: string, lease: Lease): void {
    this.#rows.set(tenantId, { ...this.#rows.get(tenantId)!, lease })
  }

  #change(tenantId: string, change: Partial<TenantRecord>): TenantRecord {
    const now = this.#clock.now()
    const row = { ...(this.#rows.get(tenantId) ?? emptyRow(tenantId, now)), ...change, updatedAt: now }
    this.#rows.set(tenantId, row)
    return row
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw notOpenError()
  }
}

function emptyRow(tenantId: string, now: number): TenantRecord {
  const times = { lastBackupAt: null, lastConnectedAt: null, lastDisconnectedAt: null }
  const nothing = {
    phoneNumber: null,
    authStatePath: null,
    head: null,
    lease: null,
    endedAt: null,
    lastError: null,
  }
  return { tenantId, ...freshRow, ...nothing, ...times, createdAt: now, updatedAt: now }
}

/** Rows never leave or enter by reference, as they would not through a database. */
function copy<T>(value: T): T {
  return structuredClone(value)
}
