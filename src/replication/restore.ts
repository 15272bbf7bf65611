import type { ObjectStore } from '../ports/object-store.js'
import type { Head } from '../ports/registry.js'
import { advanceChain, type ChainState } from './chain-state.js'
import { FileTree } from './file-tree.js'
import { type GenerationDocument, snapshotSeqOf } from './generation.js'
import { hashKeyFile } from './hash.js'
import { type LoadedGeneration, ObjectCache, type RestoreOptions } from './object-cache.js'
import { generationKey, parseObjectKey } from './object-names.js'
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
 * Fetches a generation and what it builds on (first itself, then the rest at once, with no listing) and gives the
 * exact set of files of its capture: every object is proven by digest, the chain by the digests that link it, the
 * result file by file and as a tree.
 * @throws `corrupt`, `missing`: this generation cannot be had · `denied` · `unavailable`
 */
export function restoreGeneration(
  store: ObjectStore,
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
  const last = await cache.load(name.name)
  checkPromise(ref, last.document)
  const before = await cache.loadAll(last.document.chain)
  const chain = [...before, last]
  checkLinks(cache.tenantId, chain)
  const files = replay(chain)
  const tree = treeOf(ref.key, files)
  const { files: count, tree: promised } = last.document
  if (files.size !== count || tree.digest() !== promised) {
    throw corruptObject(ref.key, 'its chain does not give the set of files it was made of')
  }
  const { createdAt } = last.document
  const head = headOf(ref.key, last.document, files)
  return { files, tree, head, chainState: stateOf(chain), createdAt, downloads: cache.downloads }
}

function checkPromise({ key, seq, digest, tree }: HeadRef, document: GenerationDocument): void {
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

function replay(chain: readonly LoadedGeneration[]): Map<string, string> {
  const files = new Map<string, string>()
  for (const { changes } of chain) {
    for (const [name, content] of changes) {
      if (content === null) files.delete(name)
      else files.set(name, content)
    }
  }
  return files
}

/** @throws `corrupt` */
function treeOf(key: string, files: ReadonlyMap<string, string>): FileTree {
  const tree = new FileTree()
  for (const [name, content] of files) {
    const hash = hashKeyFile(content, name)
    if (hash === null) throw corruptObject(key, 'it holds a damaged file')
    tree.set(name, hash)
  }
  return tree
}

function stateOf(chain: readonly LoadedGeneration[]): ChainState {
  let state: ChainState | null = null
  for (const { name, document, changes } of chain) {
    const changed: Record<string, number> = {}
    for (const [file, content] of changes) changed[file] = content === null ? 0 : Buffer.byteLength(content)
    const { digest, payload } = document
    state = advanceChain(state, { document, name, digest, plainBytes: payload.plainBytes, changed })
  }
  return state!
}

function headOf(key: string, document: GenerationDocument, files: ReadonlyMap<string, string>): Head {
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
