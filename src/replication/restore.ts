import type { ObjectSource } from '../ports/object-store.js'
import type { Head } from '../ports/registry.js'
import { advanceChain, type ChainState } from './chain-state.js'
import { FileTree } from './file-tree.js'
import { type DocumentHeader, snapshotSeqOf } from './generation.js'
import { type LoadedGeneration, ObjectCache, type RestoreOptions } from './object-cache.js'
import { generationKey, type ObjectName, parseObjectKey, snapshotNameIn } from './object-names.js'
import { corruptObject } from './read-document.js'

/** Which generation: its object's key and, when known (from the registry), what it must be. */
export type HeadRef = Pick<Head, 'key'> & Partial<Pick<Head, 'seq' | 'digest' | 'tree'>>

/** A whole session as one generation left it, verified. */
export interface Restored {
  /** Name → content of every file. */
  readonly files: ReadonlyMap<string, string>
  readonly tree: FileTree
  readonly head: Head
  /** For the next generation on top of this one. */
  readonly chainState: ChainState
  /** Milliseconds since the Unix epoch, by the writer's clock. */
  readonly createdAt: number
  /** Objects fetched. */
  readonly downloads: number
}

/**
 * Fetches a generation and what it builds on (first itself and its snapshot, then the rest at once, with no listing) and gives the
 * exact set of files of its capture: every object is proven by digest, the chain by the digests that link it, the
 * result file by file and as a tree.
 * @throws `corrupt`, `missing`: this generation cannot be had · `denied` · `unavailable`
 */
export function restoreGeneration(
  store: ObjectSource,
  tenantId: string,
  ref: HeadRef,
  options: RestoreOptions = {},
): Promise<Restored> {
  return restoreChain(new ObjectCache(store, tenantId, options), ref)
}

/** As {@link restoreGeneration}, with objects that an earlier attempt may have fetched. */
export async function restoreChain(cache: ObjectCache, ref: HeadRef): Promise<Restored> {
  const name = parseObjectKey(cache.tenantId, ref.key)
  if (!name || name.part !== null) throw corruptObject(ref.key, 'its name is not that of a generation')
  const last = await loadWithSnapshot(cache, name)
  checkPromise(ref, last.document)
  const before = await cache.loadAll(last.document.chain)
  const chain = [...before, last]
  checkLinks(cache.tenantId, chain)
  const { files, tree } = replay(chain)
  const { files: count, tree: promised } = last.document
  if (files.size !== count || tree.digest() !== promised) {
    throw corruptObject(ref.key, 'its chain does not give the set of files it was made of')
  }
  const { createdAt } = last.document
  const head = headOf(ref.key, last.document, files)
  return { files, tree, head, chainState: stateOf(chain), createdAt, downloads: cache.downloads }
}

/**
 * The head, and beside it the snapshot that its name tells of: a restore soon after a snapshot is one round instead of
 * two. What becomes of the snapshot's download is nobody's business here: if the head's chain names it, it is asked for.
 */
async function loadWithSnapshot(
  cache: ObjectCache,
  { name, generation }: ObjectName,
): Promise<LoadedGeneration> {
  const snapshot = snapshotNameIn(generation)
  const beside = snapshot === null ? null : cache.load(snapshot).catch(() => {})
  try {
    return await cache.load(name)
  } finally {
    await beside
  }
}

function checkPromise({ key, seq, digest, tree }: HeadRef, document: DocumentHeader): void {
  if (seq !== undefined && seq !== document.seq)
    throw corruptObject(key, 'it is not the generation looked for')
  if (digest !== undefined && digest !== document.digest) {
    throw corruptObject(key, 'its digest is not the one that was committed')
  }
  if (tree !== undefined && tree !== document.tree) {
    throw corruptObject(key, 'its tree is not the one that was committed')
  }
}

/** Every object of a chain starts from the same snapshot; a delta's parent is the object before it. */
function checkLinks(tenantId: string, chain: readonly LoadedGeneration[]): void {
  const snapshot = chain[0]!.document
  for (const [i, { name, document }] of chain.entries()) {
    const key = generationKey(tenantId, name)
    if (i > 0 && document.snapshot?.digest !== snapshot.digest) {
      throw corruptObject(key, 'it builds on another snapshot')
    }
    if (document.kind === 'delta' && document.parent?.digest !== chain[i - 1]!.document.digest) {
      throw corruptObject(key, 'its parent is another generation')
    }
  }
  if (snapshot.kind !== 'snapshot') {
    throw corruptObject(generationKey(tenantId, chain[0]!.name), 'its chain does not start with a snapshot')
  }
}

/** Every content was hashed when its object was read, so that none is parsed twice. */
function replay(chain: readonly LoadedGeneration[]): { files: Map<string, string>; tree: FileTree } {
  const files = new Map<string, string>()
  const tree = new FileTree()
  for (const { changes, hashes } of chain) {
    for (const [name, content] of changes) {
      if (content === null) {
        files.delete(name)
        tree.delete(name)
      } else {
        files.set(name, content)
        tree.set(name, hashes.get(name)!)
      }
    }
  }
  return { files, tree }
}

function stateOf(chain: readonly LoadedGeneration[]): ChainState {
  let state: ChainState | null = null
  for (const { name, document, changes } of chain) {
    const changed: Record<string, number> = {}
    // Nothing counts as changed since a snapshot that was just made.
    const counted = document.kind === 'snapshot' ? [] : changes
    for (const [file, content] of counted) changed[file] = content === null ? 0 : Buffer.byteLength(content)
    const { digest, payload } = document
    state = advanceChain(state, { document, name, digest, plainBytes: payload.plainBytes, changed })
  }
  return state!
}

function headOf(key: string, document: DocumentHeader, files: ReadonlyMap<string, string>): Head {
  const { seq, epoch, digest, tree, marks } = document
  let bytes = 0
  for (const content of files.values()) bytes += Buffer.byteLength(content)
  return {
    seq,
    epoch,
    key,
    digest,
    tree,
    snapshotSeq: snapshotSeqOf(document),
    marks,
    bytes,
    files: files.size,
  }
}
