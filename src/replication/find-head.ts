import { SessionError } from '../errors.js'
import type { ObjectInfo, ObjectStore } from '../ports/object-store.js'
import { ObjectCache, type RestoreOptions } from './object-cache.js'
import { generationsPrefix, parseObjectKey } from './object-names.js'
import { type LocalBase, neverCommitted } from './verdict.js'
import { generationsAmong, type WalkedBack, walkBack } from './walk-back.js'

export interface FoundHead extends WalkedBack {
  /** Leases taken from now on need epochs above this (`LeaseRequest.minEpoch`). */
  readonly maxEpoch: number
  /** The newest generation in the store, usable or not. */
  readonly newest: { readonly seq: number; readonly epoch: number }
}

/**
 * Finds a tenant's head in the store, for a registry that was lost: the newest generation whose chain verifies. Of a
 * failed race both generations may lie there; the higher epoch wins, as it did in the registry, which had refused the
 * lower one from the moment the higher was given.
 *
 * A local copy may know better: what it proves never to have been the head is passed over, if anything else is there.
 *
 * Null is proof that the tenant has no backup: the store answered a check and a listing with the same credentials.
 * @throws `corrupt` there are generations and none verifies · `undecided` what is there has names that this version
 *   does not know · `unavailable`, `denied`, `missing` (bucket): it cannot
 *   be told
 */
export async function findHead(
  store: ObjectStore,
  tenantId: string,
  { base = null, ...options }: RestoreOptions & { readonly base?: LocalBase | null } = {},
): Promise<FoundHead | null> {
  await store.check()
  const objects = await store.list(generationsPrefix(tenantId))
  const listed = generationsAmong(tenantId, objects)
  if (listed.length === 0) return proveAbsence(tenantId, objects)
  const committed = listed.filter(({ name }) => base === null || !neverCommitted(base, name.generation))
  const candidates = committed.length > 0 ? committed : listed
  const found = await walkBack(new ObjectCache(store, tenantId, options), candidates)
  const generations = listed.map(({ name }) => name.generation)
  return {
    ...found,
    maxEpoch: generations.reduce((most, { epoch }) => Math.max(most, epoch), 0),
    newest: generations[0]!,
  }
}

/** Parts alone are what a first backup left that was broken off; anything else may be a backup that we cannot read. */
function proveAbsence(tenantId: string, objects: readonly ObjectInfo[]): null {
  const unknown = objects.filter(({ key }) => parseObjectKey(tenantId, key) === null).length
  if (unknown === 0) return null
  throw new SessionError(
    'undecided',
    `The store holds ${unknown} objects of tenant ${tenantId} that this version does not know as backups, and no other. Nothing is paired or written: use the version that wrote them, or move them away.`,
  )
}
