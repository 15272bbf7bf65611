import { SessionError } from '../errors.js'
import type { ObjectStore } from '../ports/object-store.js'
import { generationsPrefix } from './object-names.js'
import { decideRetention, type RetentionInput } from './retention.js'

/** Names in one call of `remove`: measured, 1,000 take half a second and 20,000 are refused. */
export const removeBatch = 500

export interface Collected {
  readonly removed: number
  readonly keep: number
  readonly unknown: number
  /** False: the store has lost objects that the head needs. Nothing was removed. */
  readonly headIsWhole: boolean
}

/**
 * Lists a tenant's generations, decides with `decideRetention` and deletes, in batches, what builds on others first:
 * it may be interrupted anywhere and run again. For the lease's holder only, with a head read from the registry
 * under that lease.
 * @throws what the store throws; what was deleted until then was allowed to go
 */
export async function collectGarbage(
  store: ObjectStore,
  input: Omit<RetentionInput, 'objects'>,
): Promise<Collected> {
  const objects = await store.list(generationsPrefix(input.tenantId))
  const { remove, keep, unknown, headIsWhole } = decideRetention({ ...input, objects })
  for (let from = 0; from < remove.length; from += removeBatch) {
    await store.remove(remove.slice(from, from + removeBatch))
  }
  return { removed: remove.length, keep, unknown, headIsWhole }
}

/**
 * Deletes every object of a tenant (those of an older layout too) and verifies by a listing that they are gone.
 * @param options.mayGo called before each deletion; rejects when it is no longer ours to delete
 * @param options.last key of the object that goes when everything else of its listing has gone
 * @returns the number of objects that were deleted
 * @throws `unavailable` some are still there: call again · what the store throws
 */
export async function deleteTenant(
  store: ObjectStore,
  tenantId: string,
  {
    mayGo = async () => {},
    last = null,
  }: { readonly mayGo?: () => Promise<void>; readonly last?: string | null } = {},
): Promise<number> {
  const prefix = `${tenantId}/`
  let removed = 0
  // A write that was under way may land between the two: once more is enough when the owner has stopped.
  for (let round = 0; round < 3; round++) {
    const keys = (await store.list(prefix)).map(({ key }) => key)
    if (keys.length === 0) return removed
    const others = keys.filter((key) => key !== last)
    for (let from = 0; from < others.length; from += removeBatch) {
      await mayGo()
      await store.remove(others.slice(from, from + removeBatch))
    }
    await mayGo()
    if (last !== null && others.length < keys.length) await store.remove([last])
    removed += keys.length
  }
  const left = (await store.list(prefix)).length
  if (left === 0) return removed
  throw new SessionError(
    'unavailable',
    `${left} objects of tenant ${tenantId} are still in the store after they were deleted: check that the key may delete, then try again.`,
  )
}
