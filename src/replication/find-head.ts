import type { ObjectStore } from '../ports/object-store.js'
import { ObjectCache, type RestoreOptions } from './object-cache.js'
import { listGenerations, type WalkedBack, walkBack } from './walk-back.js'

export interface FoundHead extends WalkedBack {
  /** Leases taken from now on need epochs above this (`LeaseRequest.minEpoch`). */
  readonly maxEpoch: number
  /** The highest sequence number in the store, usable or not. */
  readonly maxSeq: number
}

/**
 * Finds a tenant's head in the store, for a registry that was lost: the newest generation whose chain verifies. Of a
 * failed race both generations may lie there; the higher epoch wins, as it did in the registry, which had refused the
 * lower one from the moment the higher was given.
 *
 * Null is proof that the tenant has no backup: the store answered a check and a listing with the same credentials.
 * @throws `corrupt` there are generations and none verifies · `unavailable`, `denied`, `missing` (bucket): it cannot
 *   be told
 */
export async function findHead(
  store: ObjectStore,
  tenantId: string,
  options: RestoreOptions = {},
): Promise<FoundHead | null> {
  await store.check()
  const candidates = await listGenerations(store, tenantId)
  if (candidates.length === 0) return null
  const found = await walkBack(new ObjectCache(store, tenantId, options), candidates)
  const generations = candidates.map(({ name }) => name.generation)
  return {
    ...found,
    maxEpoch: generations.reduce((most, { epoch }) => Math.max(most, epoch), 0),
    maxSeq: generations[0]!.seq,
  }
}
