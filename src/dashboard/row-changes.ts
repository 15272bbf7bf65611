import type { TenantView } from '../server/index.js'
import type { RowChange, TenantRow } from './payloads.js'

/** A row as readers have it: an age would differ at each look, and they count it by themselves. */
export function rowOf({ unprotectedAgeMs: _, ...row }: TenantView): TenantRow {
  return row
}

/** What of a row is not as readers have it, all of it when they have none; null when there is nothing to tell. */
export function rowChange(before: TenantRow | undefined, row: TenantRow): RowChange | null {
  if (before === undefined) return row
  let change: Record<string, unknown> | null = null
  for (const field of Object.keys(row) as (keyof TenantRow)[]) {
    if (row[field] === before[field]) continue
    change ??= { tenantId: row.tenantId }
    change[field] = row[field]
  }
  return change as RowChange | null
}
