import type { DesiredState, Lease, SessionStatus, TenantRecord } from '../ports/index.js'
import { maskPhoneNumber } from '../replication/marks.js'
import type { Session } from '../session-api.js'

/** A tenant as the API shows it. Times are ISO 8601. */
export interface TenantView {
  readonly tenantId: string
  /** Whether its session runs in this process, in another, or in none. */
  readonly runs: 'here' | 'elsewhere' | 'no'
  /** Null when the registry could not be asked. */
  readonly desiredState: DesiredState | null
  readonly state: string
  readonly status: SessionStatus
  readonly link: string
  /** The code that the connection closed with, while the link of a session of this host waits; null for none. */
  readonly linkCode: number | null
  /** When a link that waits is tried again; null unless it waits, or when another host knows. */
  readonly linkRetryAt: string | null
  /** All digits but the last four are hidden. */
  readonly phoneNumber: string | null
  /** Changes that no backup covers. Of a tenant that runs elsewhere: what its last owner left. */
  readonly unprotectedChanges: number
  readonly unprotectedAgeMs: number
  readonly generation: number
  readonly lastBackupAt: string | null
  readonly lastConnectedAt: string | null
  readonly lastError: string | null
  /** Why the session of this process ended; null while it runs. */
  readonly endReason: string | null
  /** Short id of the host that has the lease; null when nobody has. */
  readonly host: string | null
  /** Size of the session in the newest backup; null when it is not known. */
  readonly bytes: number | null
  /** Files in the newest backup; null when it is not known. */
  readonly files: number | null
  /** Since when changes wait for a backup; null when none does. */
  readonly unprotectedSince: string | null
}

/** An owner of leases, short enough to be read and long enough to tell hosts apart. */
export function shortHostId(owner: string): string {
  return owner.slice(0, 8)
}

export interface ViewContext {
  /** By the clock that leases are measured with. */
  readonly now: number
  /** This host, as an owner of leases. */
  readonly hostId: string
}

/**
 * @param session of this process, running or ended
 * @param record of the registry; it lags a little, so a session of this process goes first
 */
export function viewTenant(
  tenantId: string,
  session: Session | undefined,
  record: TenantRecord | null,
  { now, hostId }: ViewContext,
): TenantView {
  const runsHere = session !== undefined && session.result === null
  const lease = record?.lease != null && record.lease.expiresAt > now ? record.lease : null
  const runs = runsHere ? 'here' : lease !== null && lease.owner !== hostId ? 'elsewhere' : 'no'
  const isOurs = session !== undefined && runs !== 'elsewhere'
  const unprotected = isOurs ? session.unprotected : { changes: record?.unsaved ?? 0, since: null, ageMs: 0 }
  return {
    tenantId,
    runs,
    desiredState: record?.desiredState ?? null,
    ...(isOurs ? ofSession(session, record) : ofRecord(record)),
    unprotectedChanges: unprotected.changes,
    unprotectedAgeMs: unprotected.ageMs,
    phoneNumber: record?.phoneNumber ? maskPhoneNumber(record.phoneNumber) : null,
    lastBackupAt: isoOf(record?.lastBackupAt),
    lastConnectedAt: isoOf(record?.lastConnectedAt),
    endReason: runs === 'no' ? (session?.result?.reason ?? null) : null,
    host: hostOf(runsHere ? session : undefined, lease, hostId),
    bytes: record?.head?.bytes ?? null,
    files: record?.head?.files ?? null,
    unprotectedSince: isoOf(unprotected.since),
  }
}

/** One that runs here and does not wait for its lease has it, whatever the row says, which lags. */
function hostOf(running: Session | undefined, lease: Lease | null, hostId: string): string | null {
  const waits = running?.state === 'restoring.acquiring' || running?.state === 'restoring.waiting'
  if (running !== undefined && !waits) return shortHostId(hostId)
  return lease === null ? null : shortHostId(lease.owner)
}

function ofSession(session: Session, record: TenantRecord | null) {
  return {
    state: session.state,
    status: session.status,
    link: session.link,
    linkCode: session.linkWait?.code ?? null,
    linkRetryAt: isoOf(session.linkWait?.until),
    // A restore sets it; before that, and after the end, the registry knows.
    generation: session.generation || (record?.head?.seq ?? 0),
    lastError: session.lastError,
  }
}

function ofRecord(record: TenantRecord | null) {
  const [state = '', link = ''] = (record?.connectionState ?? '').split('/')
  return {
    state,
    status: record?.status ?? 'DISCONNECTED',
    link,
    linkCode: null,
    linkRetryAt: null,
    generation: record?.head?.seq ?? 0,
    lastError: record?.lastError ?? null,
  } as const
}

function isoOf(time: number | null | undefined): string | null {
  return time == null ? null : new Date(time).toISOString()
}
