/** What the operator asked for: `running` tenants are brought up again after a restart. */
export type DesiredState = 'running' | 'stopped'

/** The guide's status column: coarse, stable names that people query by. */
export type SessionStatus =
  | 'RESTORING'
  | 'PAIRING'
  | 'CONNECTED'
  | 'DISCONNECTED'
  | 'LOGGED_OUT'
  | 'REPLACED'
  | 'BANNED'
  | 'FAILED'

/** Counters that must never go back, even when an older generation is restored (pre-key ids are never re-issued). */
export interface HighWaterMarks {
  readonly nextPreKeyId: number
}

/** The newest committed generation of a tenant. */
export interface Head {
  /** 1 for the first generation, then growing by one. */
  readonly seq: number
  /** The lease epoch that committed it. */
  readonly epoch: number
  /** Object key of the generation. */
  readonly key: string
  /** SHA-256 of the generation's canonical JSON, lowercase hex. */
  readonly digest: string
  /** Digest over names and hashes of the whole file set after this generation, lowercase hex. */
  readonly tree: string
  /** Sequence number of the snapshot that its chain starts from. */
  readonly snapshotSeq: number
  readonly marks: HighWaterMarks
  /** Bytes of all files of the whole set; absent when who committed it did not tell, as versions before this did not. */
  readonly bytes?: number
  /** Files of the whole set; absent as `bytes`. */
  readonly files?: number
}

export interface Lease {
  readonly owner: string
  /** Grows by one at each acquisition; a commit with an older one is refused. */
  readonly epoch: number
  /** Milliseconds since the Unix epoch, by the registry's clock. */
  readonly expiresAt: number
}

export interface TenantRecord {
  readonly tenantId: string
  readonly desiredState: DesiredState
  readonly status: SessionStatus
  /** Exact states of the tenant's and the link's machine, e.g. `connected.clean/open`. */
  readonly connectionState: string
  readonly phoneNumber: string | null
  readonly authStatePath: string | null
  readonly head: Head | null
  /** The last lease given, expired or released ones included (a released one has expiresAt 0); null before the first. */
  readonly lease: Lease | null
  /**
   * When its session ended for a reason that another try does not mend, by the registry's clock; null while it runs,
   * before it ever did, and after `setDesired('running')`.
   */
  readonly endedAt: number | null
  /** Changes that the last owner could not commit before it ended. */
  readonly unsaved: number
  readonly lastError: string | null
  readonly lastBackupAt: number | null
  readonly lastConnectedAt: number | null
  readonly lastDisconnectedAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

export interface HeadSwap {
  readonly tenantId: string
  readonly owner: string
  readonly epoch: number
  /** Sequence number of the head that is to be replaced; 0 for the first generation. */
  readonly expectedSeq: number
  readonly head: Head
}

/**
 * - `committed`: the head is now the given one (also when an earlier, unanswered try of the same swap had done it).
 * - `fenced`: the lease has another owner or epoch, or was released; this owner must stop. An expired lease that
 *   nobody has taken is still held.
 * - `conflict`: the lease is ours but the head is not the expected one; look again before anything is written.
 */
export type SwapOutcome = 'committed' | 'fenced' | 'conflict'

/** Fields that are left out stay as they are. Refused silently for an epoch that is no longer the tenant's. */
export interface StatusUpdate {
  readonly tenantId: string
  readonly owner: string
  readonly epoch: number
  readonly status?: SessionStatus
  readonly connectionState?: string
  /** Digits only. A number that another tenant holds leaves the column null and fills lastError; it never fails the batch. */
  readonly phoneNumber?: string | null
  readonly authStatePath?: string | null
  readonly unsaved?: number
  readonly lastError?: string | null
  readonly lastConnectedAt?: number
  readonly lastDisconnectedAt?: number
}

export interface LeaseRequest {
  readonly tenantId: string
  readonly owner: string
  readonly ttlMs: number
  /** The new epoch is above this too: after a lost registry, epochs found in the store must not be used again. */
  readonly minEpoch?: number
}

export interface HostCheckIn {
  readonly owner: string
  /** Sessions that it claims at most, a whole number from 0; `Infinity` for no limit. */
  readonly capacity: number
  /** The host counts as gone when it has not checked in again by then. */
  readonly ttlMs: number
  /** When this process first checked in, as its first check-in told; null at the first. */
  readonly joinedAt: number | null
}

/** A process that claims tenants and has checked in lately. */
export interface LiveHost {
  readonly owner: string
  /** `Infinity` for no limit. */
  readonly capacity: number
  /** Tenants that are to run and whose lease it has, expired ones that nobody has taken included. */
  readonly leases: number
}

/** Who shares what. */
export interface Pool {
  /** By owner; the one that asks is among them. */
  readonly hosts: readonly LiveHost[]
  /** When the asking process first checked in, milliseconds since the Unix epoch by the registry's clock. */
  readonly joinedAt: number
  /** Tenants that are to run, without those whose session ended after the newest live host had joined. */
  readonly wanted: number
  /** Those of them whose lease was never taken, or was given up. */
  readonly free: number
  /** Those of them whose lease has run out. */
  readonly expired: number
  /** Leases of the asking host whose tenant is to stop: somebody said so, maybe on another host. */
  readonly unwanted: readonly { readonly tenantId: string; readonly epoch: number }[]
}

export interface ClaimRequest {
  readonly owner: string
  readonly ttlMs: number
  /** Tenants at most, a whole number from 1. */
  readonly limit: number
  /** Takes other owners' expired leases too. */
  readonly expired: boolean
  /**
   * Leases of this very owner that no session of it stands for, such as those from before its restart. Each is taken
   * as long as its epoch is the given one, before any other. No other lease of its own is taken, expired or not.
   */
  readonly own?: readonly { tenantId: string; epoch: number }[]
  /** Tenants that are left alone. */
  readonly except?: readonly string[]
}

/** A lease, and the tenant's row as it is with it. */
export interface LeasedTenant {
  readonly lease: Lease
  readonly record: TenantRecord
}

/** A lease that is given up. */
export interface Release {
  readonly tenantId: string
  readonly epoch: number
  /** Its session ended for a reason that another try does not mend: sets the row's `endedAt`. */
  readonly ended?: boolean
}

/**
 * One row a tenant: what was asked for, who owns it, its head and its status. Every method rejects with a
 * SessionError; `unavailable` after a write means that it may or may not have taken effect.
 */
export interface Registry {
  /** What it is, for people: `memory`, `pglite`, `postgresql`. */
  readonly name: string
  /** False for a registry that is empty after each start of the process (memory). */
  readonly durable: boolean

  /** Connects and applies pending migrations. @throws `unavailable` · `denied` · `locked` · `invalid` */
  open(): Promise<void>
  close(): Promise<void>

  /** Null is proof that no row exists. */
  read(tenantId: string): Promise<TenantRecord | null>
  /** All rows, or those with the given desired state, by tenant id. */
  list(filter?: { desiredState?: DesiredState }): Promise<TenantRecord[]>

  /**
   * Creates the row when there is none. `running` forgets that its session has ended (`endedAt`).
   * @param keptFor whose the lease is for so long, when it is free: who asks for a tenant comes before who claims it.
   *   The epoch stays; `acquire` is what gives the lease.
   */
  setDesired(
    tenantId: string,
    desiredState: DesiredState,
    keptFor?: { readonly owner: string; readonly ttlMs: number },
  ): Promise<void>

  /**
   * Takes the tenant's lease: free, expired, or already this owner's (an owner id outlives a restart on the same
   * disk). Creates the row when there is none. The epoch grows by one each time; `endedAt` is cleared.
   * @throws `leased` another owner holds it; the message gives the remaining time · `unavailable`
   */
  acquire(request: LeaseRequest): Promise<LeasedTenant>

  /** Prolongs leases in one statement; returns the tenant ids that are still held. The others are lost. */
  renew(
    owner: string,
    leases: readonly { tenantId: string; epoch: number }[],
    ttlMs: number,
  ): Promise<string[]>

  /** Gives leases up in one statement, so that the next owner need not wait; leases that are not held are ignored. */
  release(owner: string, leases: readonly Release[]): Promise<void>

  /**
   * Tells, in one statement, that this process is there to claim tenants, and with whom it shares them.
   * @throws `invalid` · `unavailable`
   */
  checkIn(host: HostCheckIn): Promise<Pool>

  /** The process claims nothing any more: its share is the others'. Its leases stay as they are. */
  checkOut(owner: string): Promise<void>

  /**
   * Takes, in one statement, the leases of tenants that are to run and that nobody has; of many that ask at once, each
   * gets others. One whose session has ended (`endedAt`) is taken only while some live host joined after that: a new
   * process tries once more, the old ones do not hand it round. Epochs grow as in `acquire`.
   * @returns what was taken, own leases first, then by tenant id; fewer than `limit` when there are no more
   * @throws `invalid` · `unavailable`
   */
  claim(request: ClaimRequest): Promise<LeasedTenant[]>

  /**
   * Compare-and-swap of heads, any number of tenants in one statement, each on its own. Sets lastBackupAt and clears
   * lastError of committed ones. Outcomes in the order of the swaps. @throws `invalid` a tenant occurs twice
   */
  commit(swaps: readonly HeadSwap[]): Promise<SwapOutcome[]>

  /** Writes many tenants' status in one statement. */
  updateStatus(updates: readonly StatusUpdate[]): Promise<void>

  /**
   * Forgets the head (after the tenant's objects were deleted), status LOGGED_OUT, desiredState stopped; the row and
   * its epoch stay. Also clears what is true of a linked device only: phoneNumber (free for another tenant then),
   * lastBackupAt, unsaved. Only for the lease's holder.
   * @throws `fenced`
   */
  clearHead(tenantId: string, owner: string, epoch: number): Promise<void>
}
