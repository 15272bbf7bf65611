import type { DesiredState, SessionStatus, TenantRecord } from '../ports/index.js'
import { maskPhoneNumber } from '../replication/marks.js'
import { type GenerationKind, parseObjectKey } from '../replication/object-names.js'
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
  /** All digits but the last four are hidden. */
  readonly phoneNumber: string | null
  /** Changes that no backup covers. Of a tenant that runs elsewhere: what its last owner left. */
  readonly unprotectedChanges: number
  readonly unprotectedAgeMs: number
  readonly generation: number
  /** Kind, bytes and files of that backup's session; null when the registry does not know them. */
  readonly generationKind: GenerationKind | null
  readonly backupBytes: number | null
  readonly backupFiles: number | null
  /** Owner of the lease, held now; null when nobody has it. */
  readonly host: string | null
  readonly lastBackupAt: string | null
  readonly lastConnectedAt: string | null
  readonly lastError: string | null
  /** Why the session of this process ended; null while it runs. */
  readonly endReason: string | null
}

/**
 * @param session of this process, running or ended
 * @param record of the registry; it lags a little, so a session of this process goes first
 * @param now by the clock that leases are measured with
 */
export function viewTenant(
  tenantId: string,
  session: Session | undefined,
  record: TenantRecord | null,
  now: number,
): TenantView {
  const runsHere = session !== undefined && session.result === null
  const isLeased = record?.lease != null && record.lease.expiresAt > now
  const runs = runsHere ? 'here' : isLeased ? 'elsewhere' : 'no'
  return {
    tenantId,
    runs,
    desiredState: record?.desiredState ?? null,
    ...(session && runs !== 'elsewhere' ? ofSession(session, record) : ofRecord(record)),
    ...ofHead(record),
    host: isLeased ? record.lease!.owner : null,
    phoneNumber: record?.phoneNumber ? maskPhoneNumber(record.phoneNumber) : null,
    lastBackupAt: isoOf(record?.lastBackupAt),
    lastConnectedAt: isoOf(record?.lastConnectedAt),
    endReason: runs === 'no' ? (session?.result?.reason ?? null) : null,
  }
}

function ofHead(record: TenantRecord | null) {
  const head = record?.head ?? null
  return {
    generationKind: head && (parseObjectKey(record!.tenantId, head.key)?.generation.kind ?? null),
    backupBytes: head?.bytes ?? null,
    backupFiles: head?.files ?? null,
  }
}

function ofSession(session: Session, record: TenantRecord | null) {
  return {
    state: session.state,
    status: session.status,
    link: session.link,
    unprotectedChanges: session.unprotected.changes,
    unprotectedAgeMs: session.unprotected.ageMs,
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
    unprotectedChanges: record?.unsaved ?? 0,
    unprotectedAgeMs: 0,
    generation: record?.head?.seq ?? 0,
    lastError: record?.lastError ?? null,
  } as const
}

function isoOf(time: number | null | undefined): string | null {
  return time == null ? null : new Date(time).toISOString()
}
