import { isSessionError } from './errors.js'
import type { ObjectStore } from './ports/index.js'
import { inParallel } from './replication/in-parallel.js'
import { isUnusable, ObjectCache } from './replication/object-cache.js'
import type { StoredGeneration } from './supervisor-api.js'

/** Files in the whole session after a generation, and of those that it changed. */
type Contents = Pick<StoredGeneration, 'files' | 'changes'>

const unknown: Contents = { files: null, changes: null }
/** Downloads at once: a person looks, and the store has backups to take. */
const atOnce = 4
/** A larger one is not worth its download: a session is about 0.1 MB. */
const countedAtMostBytes = 4 * 1024 * 1024
/** About 100 bytes each. A generation never changes, so what is known of it stays true. */
const knownAtMost = 20_000

const knownByStore = new WeakMap<ObjectStore, Map<string, Contents>>()

/** What is known of the generation `name` of a tenant without a request. */
export function knownContents(store: ObjectStore, tenantId: string, name: string): Contents {
  return knownByStore.get(store)?.get(`${tenantId}/${name}`) ?? unknown
}

/**
 * Counts the files in generations of which that is not known, the first `most` of them: their names do not tell, so each
 * is downloaded, once in the life of the process. What cannot be read is passed over.
 */
export async function countContents(
  store: ObjectStore,
  tenantId: string,
  generations: readonly { readonly name: string; readonly bytes: number }[],
  most: number,
): Promise<void> {
  const known = knownByStore.get(store) ?? new Map<string, Contents>()
  knownByStore.set(store, known)
  const wanted = generations.filter(
    ({ name, bytes }) => bytes <= countedAtMostBytes && !known.has(`${tenantId}/${name}`),
  )
  await inParallel(wanted.slice(0, most), atOnce, async ({ name }) => {
    const counted = await contentsOf(store, tenantId, name)
    if (counted === null) return
    known.set(`${tenantId}/${name}`, counted)
    if (known.size > knownAtMost) known.delete(known.keys().next().value!)
  })
}

/** Null when the store does not say now. */
async function contentsOf(store: ObjectStore, tenantId: string, name: string): Promise<Contents | null> {
  try {
    // One cache each: together they would hold every content at once.
    const { document, changes } = await new ObjectCache(store, tenantId).load(name)
    return { files: document.files, changes: changes.size }
  } catch (error) {
    if (isUnusable(error)) return unknown
    if (isSessionError(error)) return null
    throw error
  }
}
