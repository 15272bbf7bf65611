import type { TenantRecord } from '../ports/registry.js'
import { freshRow } from './rules.js'

export function emptyRow(tenantId: string, now: number): TenantRecord {
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
export function copy<T>(value: T): T {
  return structuredClone(value)
}
