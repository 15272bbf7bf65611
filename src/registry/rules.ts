import { SessionError } from '../errors.js'
import type { ClaimRequest, HeadSwap, HostCheckIn, LeaseRequest, StatusUpdate } from '../ports/registry.js'
import { checkTenantId } from '../ports/tenant-id.js'

/** What a row holds before anybody has said anything. The same as the column defaults of the SQL schema. */
export const freshRow = {
  desiredState: 'stopped',
  status: 'DISCONNECTED',
  connectionState: '',
  unsaved: 0,
} as const

/** Longest lastError kept, in characters. */
const maxErrorLength = 2_000

export function checkLeaseRequest({ tenantId, owner, ttlMs, minEpoch = 0 }: LeaseRequest): void {
  checkTenantId(tenantId)
  if (owner === '') throw new SessionError('invalid', 'A lease needs an owner; got an empty string.')
  if (!(ttlMs > 0)) throw new SessionError('invalid', `Expected ttlMs > 0, got ${ttlMs}.`)
  if (!Number.isSafeInteger(minEpoch) || minEpoch < 0) {
    throw new SessionError('invalid', `Expected minEpoch to be a whole number from 0, got ${minEpoch}.`)
  }
}

export function checkHost({ owner, capacity, ttlMs }: HostCheckIn): void {
  if (owner === '') throw new SessionError('invalid', 'A host needs an owner; got an empty string.')
  const isCount = Number.isSafeInteger(capacity) && capacity >= 0 && capacity < 2 ** 31
  if (!isCount && capacity !== Number.POSITIVE_INFINITY) {
    throw new SessionError('invalid', `Expected capacity to be a whole number from 0, got ${capacity}.`)
  }
  if (!(ttlMs > 0)) throw new SessionError('invalid', `Expected ttlMs > 0, got ${ttlMs}.`)
}

export function checkClaim({ owner, ttlMs, limit }: ClaimRequest): void {
  if (owner === '') throw new SessionError('invalid', 'A claim needs an owner; got an empty string.')
  if (!(ttlMs > 0)) throw new SessionError('invalid', `Expected ttlMs > 0, got ${ttlMs}.`)
  if (Number.isSafeInteger(limit) && limit > 0 && limit < 2 ** 31) return
  throw new SessionError('invalid', `Expected limit to be a whole number from 1, got ${limit}.`)
}

/** Two swaps of one tenant in one statement have no order, so they are refused. */
export function checkSwaps(swaps: readonly HeadSwap[]): void {
  const tenants = new Set(swaps.map(({ tenantId }) => tenantId))
  if (tenants.size === swaps.length) return
  throw new SessionError(
    'invalid',
    'A tenant occurs twice in one commit. Commit its generations one after the other.',
  )
}

/** One update for each tenant, owner and epoch, later fields over earlier ones, texts as the database can hold them. */
export function mergeUpdates(updates: readonly StatusUpdate[]): StatusUpdate[] {
  const merged = new Map<string, StatusUpdate>()
  for (const update of updates) {
    const key = JSON.stringify([update.tenantId, update.owner, update.epoch])
    const given = Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined))
    merged.set(key, { ...merged.get(key), ...given } as StatusUpdate)
  }
  return [...merged.values()].map((update) =>
    typeof update.lastError === 'string' ? { ...update, lastError: storable(update.lastError) } : update,
  )
}

/** NUL and lone surrogates, which PostgreSQL refuses, must not fail a batch of a thousand tenants. */
function storable(text: string): string {
  return Buffer.from(text.slice(0, maxErrorLength)).toString().replaceAll('\0', '')
}

export function phoneTakenError(holder: string): string {
  return `The phone number is already registered for tenant ${holder}.`
}

export function leasedError(tenantId: string, owner: string, remainingMs: number): SessionError {
  const seconds = Math.max(0, Math.ceil(remainingMs / 1_000))
  return new SessionError(
    'leased',
    `Tenant ${tenantId} is held by ${owner} for another ${seconds} s. Try again after that, or stop it there.`,
  )
}

export function fencedError(tenantId: string): SessionError {
  return new SessionError(
    'fenced',
    `The lease of tenant ${tenantId} is no longer held by this owner. Nothing was changed; stop writing.`,
  )
}

/** A role that row level security applies to would see empty tables, and take that for proof. */
export function hiddenRowsError(): SessionError {
  return new SessionError(
    'denied',
    'Row level security hides the registry’s rows from this database role, so that every tenant would seem absent. ' +
      'Connect as the owner of the tables, or as a role with BYPASSRLS.',
  )
}

export function notOpenError(): SessionError {
  return new SessionError('closed', 'The registry is not open.')
}

/** Tenant ids in the order of their code units, whatever the database's collation. */
export function byTenantId(a: { tenantId: string }, b: { tenantId: string }): number {
  return a.tenantId < b.tenantId ? -1 : a.tenantId > b.tenantId ? 1 : 0
}

/** Hosts in the order of their owners' code units. */
export function byOwner(a: { owner: string }, b: { owner: string }): number {
  return a.owner < b.owner ? -1 : a.owner > b.owner ? 1 : 0
}

/** What a claim gives, in its order. */
export function ownFirst<T extends { tenantId: string }>(rows: T[], { own = [] }: ClaimRequest): T[] {
  const before = new Set(own.map(({ tenantId }) => tenantId))
  const rank = ({ tenantId }: T) => (before.has(tenantId) ? 0 : 1)
  return rows.sort((a, b) => rank(a) - rank(b) || byTenantId(a, b))
}
