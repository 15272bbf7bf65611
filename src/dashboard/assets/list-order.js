// @ts-check
import { appearance, statusNames } from './words.js'

/** @typedef {import('../payloads.js').TenantRow} TenantRow */
/** @typedef {'tenantId' | 'state' | 'phone' | 'unprotected' | 'backup' | 'generation' | 'bytes' | 'host'} SortKey */

/** @type {SortKey[]} */
export const sortKeys = ['tenantId', 'state', 'phone', 'unprotected', 'backup', 'generation', 'bytes', 'host']

/** `t2` before `t10`. */
const collator = new Intl.Collator('en', { numeric: true })

/**
 * @param {string} text typed by the reader
 * @param {string | null} status a status, `UNPROTECTED`, or null for all
 * @returns {(row: TenantRow) => boolean}
 */
export function filterOf(text, status) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return (row) => {
    if (status === 'UNPROTECTED' ? row.unprotectedChanges === 0 : status !== null && row.status !== status)
      return false
    if (words.length === 0) return true
    const { label } = appearance(row)
    const all = `${row.tenantId} ${label} ${row.status} ${row.state} ${row.link} ${row.phoneNumber ?? ''} ${row.host ?? ''} ${row.lastError ?? ''}`
    const searched = all.toLowerCase()
    return words.every((word) => searched.includes(word))
  }
}

/**
 * Ids in order of their names; kept while the same tenants are there, since comparing texts is what costs.
 * @param {ReadonlyMap<string, TenantRow>} rows
 */
export function inOrderOfNames(rows) {
  return [...rows.keys()].sort(collator.compare)
}

/** What each column is sorted by. Unknown comes last in both directions. @type {Record<SortKey, (row: TenantRow) => number | string | null>} */
const sortValues = {
  tenantId: () => 0,
  state: (row) => statusNames.indexOf(row.status),
  phone: (row) => row.phoneNumber?.slice(-4) ?? null,
  unprotected: (row) => row.unprotectedChanges || null,
  backup: (row) => (row.lastBackupAt === null ? null : -Date.parse(row.lastBackupAt)),
  generation: (row) => row.generation || null,
  bytes: (row) => row.bytes,
  host: (row) => row.host,
}

/**
 * @param {readonly string[]} names in order; what is equal keeps it
 * @param {ReadonlyMap<string, TenantRow>} rows
 * @param {{ matches: (row: TenantRow) => boolean, sort: SortKey, isDescending: boolean }} wanted
 */
export function ordered(names, rows, { matches, sort, isDescending }) {
  const found = names.filter((id) => {
    const row = rows.get(id)
    return row !== undefined && matches(row)
  })
  if (sort === 'tenantId') return isDescending ? found.reverse() : found
  const value = sortValues[sort]
  const sign = isDescending ? -1 : 1
  return found
    .map((id) => ({ id, value: value(/** @type {TenantRow} */ (rows.get(id))) }))
    .sort((a, b) => sign * compare(a.value, b.value, sign))
    .map(({ id }) => id)
}

/**
 * @param {number | string | null} a
 * @param {number | string | null} b
 * @param {number} sign
 */
function compare(a, b, sign) {
  if (a === null || b === null) return a === b ? 0 : a === null ? sign : -sign
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return collator.compare(String(a), String(b))
}
