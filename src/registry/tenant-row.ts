import type { WhatsAppSession } from '../generated/prisma/client.js'
import type {
  DesiredState,
  Head,
  HighWaterMarks,
  Lease,
  SessionStatus,
  TenantRecord,
} from '../ports/registry.js'

/** A row of the database in the words of the port. */
export function toRecord(row: WhatsAppSession): TenantRecord {
  return {
    tenantId: row.tenantId,
    desiredState: row.desiredState as DesiredState,
    status: row.status as SessionStatus,
    connectionState: row.connectionState,
    phoneNumber: row.phoneNumber,
    authStatePath: row.authStatePath,
    head: toHead(row),
    lease: toLease(row),
    endedAt: time(row.endedAt),
    unsaved: row.unsaved,
    lastError: row.lastError,
    lastBackupAt: time(row.lastBackupAt),
    lastConnectedAt: time(row.lastConnectedAt),
    lastDisconnectedAt: time(row.lastDisconnectedAt),
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
  }
}

function toHead(row: WhatsAppSession): Head | null {
  if (row.headSeq === 0) return null
  return {
    seq: row.headSeq,
    epoch: row.headEpoch!,
    key: row.headKey!,
    digest: row.headDigest!,
    tree: row.headTree!,
    snapshotSeq: row.headSnapshotSeq!,
    marks: row.headMarks as unknown as HighWaterMarks,
    ...(row.headBytes === null ? {} : { bytes: Number(row.headBytes) }),
    ...(row.headFiles === null ? {} : { files: row.headFiles }),
  }
}

function toLease(row: WhatsAppSession): Lease | null {
  if (row.leaseOwner === null) return null
  return { owner: row.leaseOwner, epoch: row.leaseEpoch, expiresAt: time(row.leaseExpiresAt) ?? 0 }
}

function time(value: Date | null): number | null {
  return value === null ? null : value.getTime()
}
