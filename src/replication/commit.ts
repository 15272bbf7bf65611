import { isSessionError, SessionError } from '../errors.js'
import type { Random } from '../ports/clock.js'
import { isKeyFileName, keyFileType } from '../ports/key-file-name.js'
import type { KeyFileBatch } from '../ports/key-files.js'
import type { ObjectStore } from '../ports/object-store.js'
import type { Head, HeadSwap } from '../ports/registry.js'
import { advanceChain, type ChainState, chainContinues } from './chain-state.js'
import { type CodecOptions, type EncodedGeneration, encodeDocument } from './codec.js'
import { generationFormat, type UnsignedDocument } from './generation.js'
import { hashKeyFile } from './hash.js'
import { inParallel } from './in-parallel.js'
import { credsFile, raiseMarks, readCreds } from './marks.js'
import { type GenerationKind, maxEpoch, maxSeq, randomBeside, randomName } from './object-names.js'
import type { StoredObject } from './parts.js'
import { type Plan, type PlanSettings, planGeneration } from './plan.js'

/** What is asked of the whole set: a `FileTree` is one. For a delta, `get` and `names` need only know its changes. */
export interface FileSet {
  readonly size: number
  digest(): string
  /** Hash of a file; undefined when the set does not have it. */
  get(name: string): string | undefined
  names(): Iterable<string>
}

/** Contents as of the capture, name → content; only files that the set has are asked for. */
export type ReadFiles = (
  names: readonly string[],
) => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>

export interface GenerationInput extends CodecOptions {
  readonly tenantId: string
  /** The lease's epoch. */
  readonly epoch: number
  /** The registry's head, which the new generation follows; null for the first. */
  readonly head: Head | null
  readonly state: ChainState | null
  /** What differs from the head. */
  readonly changes: KeyFileBatch
  /** Hashes of the contents among the changes, made when these very texts were accepted: they are not parsed again. */
  readonly hashes?: ReadonlyMap<string, string | null>
  /** The whole set after the changes. */
  readonly tree: FileSet
  /** Bytes of the whole set after the changes, for whoever wants to know how large a session is; a snapshot counts itself. */
  readonly setBytes?: number
  /** Asked for files that are not in `changes`: all of them for a snapshot, those changed since for a cumulative. */
  readonly readFiles: ReadFiles
  readonly nowMs: number
  readonly random: Random
  readonly forceSnapshot?: boolean
  readonly settings?: PlanSettings
}

export interface GenerationToCommit {
  readonly plan: Plan
  /** To be uploaded, in this order. */
  readonly objects: readonly StoredObject[]
  readonly uploadBytes: number
  /** To be swapped in once the objects are in the store. */
  readonly head: Head
  /** The chain's state once the swap has succeeded. */
  readonly next: ChainState
}

/**
 * Makes the next generation of a tenant. Every file that goes in is checked against the tree, so that no generation is
 * uploaded that would not restore.
 * @throws `corrupt` a file to be saved is damaged · `unavailable` a file moved on while it was read (try again) ·
 *   `tooLarge` · `invalid` the changes are not what the tree says
 */
export async function encodeGeneration(input: GenerationInput): Promise<GenerationToCommit> {
  const { head } = input
  const plan = planGeneration(input)
  const state = chainContinues(input.state, head) ? input.state : null
  const contents = await contentsOf(plan.kind, state, input)
  checkContents(contents, input)
  const marks = raiseMarks(head?.marks, readCreds(contents.get(credsFile))?.marks)
  const fields = documentFields(plan.kind, state, input, { contents, marks })
  const encoded = await encodeDocument(fields, contents, input)
  return {
    plan,
    objects: encoded.objects,
    uploadBytes: encoded.objects.reduce((sum, { body }) => sum + body.length, 0),
    head: headOf(fields, encoded, input.setBytes),
    next: advanceChain(state, {
      document: fields,
      name: encoded.name,
      digest: encoded.digest,
      plainBytes: encoded.plainBytes,
      changed: contentSizes(contents),
    }),
  }
}

async function contentsOf(
  kind: GenerationKind,
  state: ChainState | null,
  { changes, tree, readFiles }: GenerationInput,
): Promise<Map<string, string | null>> {
  const contents = new Map<string, string | null>(changes)
  if (kind === 'delta') return contents
  if (kind === 'snapshot') for (const [name, content] of changes) if (content === null) contents.delete(name)
  const others = kind === 'snapshot' ? [...tree.names()] : Object.keys(state?.changed ?? {})
  const missing: string[] = []
  for (const name of others) {
    if (contents.has(name)) continue
    if (tree.get(name) === undefined) contents.set(name, null)
    else missing.push(name)
  }
  if (missing.length === 0) return contents
  const read = await readFiles(missing)
  for (const name of missing) contents.set(name, read.get(name) ?? null)
  return contents
}

function checkContents(contents: KeyFileBatch, { changes, hashes, tree }: GenerationInput): void {
  for (const [name, content] of contents) {
    if (!isKeyFileName(name)) throw captureError('invalid', name, 'has a name that no key file may have')
    const known = changes.has(name) ? hashes?.get(name) : undefined
    const hash = content === null ? undefined : (known ?? hashKeyFile(content, name))
    if (hash === null) throw captureError('corrupt', name, 'is damaged: nothing was backed up')
    if (hash === tree.get(name)) continue
    if (changes.has(name)) throw captureError('invalid', name, 'is not what the tree says')
    throw captureError('unavailable', name, 'changed while it was read: nothing was uploaded, try again')
  }
  for (const [name, content] of changes) {
    if (content === null && tree.get(name) !== undefined) {
      throw captureError('invalid', name, 'was deleted and is still in the tree')
    }
  }
}

function captureError(code: 'corrupt' | 'invalid' | 'unavailable', name: string, what: string): SessionError {
  return new SessionError(code, `A session file of type ${keyFileType(name)} ${what}.`)
}

function documentFields(
  kind: GenerationKind,
  state: ChainState | null,
  { tenantId, epoch, head, tree, nowMs, random }: GenerationInput,
  { contents, marks }: { contents: KeyFileBatch; marks: Head['marks'] },
): Omit<UnsignedDocument, 'payload'> {
  const seq = (head?.seq ?? 0) + 1
  if (seq > maxSeq) throw new SessionError('tooLarge', `Sequence number ${seq} is above ${maxSeq}.`)
  if (epoch > maxEpoch) throw new SessionError('tooLarge', `Lease epoch ${epoch} is above ${maxEpoch}.`)
  const sizes = Object.values(contentSizes(contents))
  return {
    format: generationFormat,
    tenant: tenantId,
    seq,
    epoch,
    kind,
    parent: head && { seq: head.seq, digest: head.digest },
    snapshot: kind === 'snapshot' ? null : state!.snapshot,
    baseSeq: kind === 'delta' ? state!.baseSeq : seq,
    random: randomBeside(randomName(random), kind === 'snapshot' ? undefined : state?.chain[0]),
    createdAt: Math.trunc(nowMs),
    files: tree.size,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    tree: tree.digest(),
    marks,
    chain: chainUnder(kind, state),
  }
}

/** What a restore of the new generation fetches before it: a cumulative needs the snapshot alone. */
function chainUnder(kind: GenerationKind, state: ChainState | null): readonly string[] {
  if (kind === 'snapshot') return []
  return kind === 'cumulative' ? state!.chain.slice(0, 1) : state!.chain
}

function contentSizes(contents: KeyFileBatch): Record<string, number> {
  const sizes: Record<string, number> = {}
  for (const [name, content] of contents) sizes[name] = content === null ? 0 : Buffer.byteLength(content)
  return sizes
}

function headOf(
  fields: Omit<UnsignedDocument, 'payload'>,
  { key, digest }: EncodedGeneration,
  setBytes: number | undefined,
): Head {
  const { seq, epoch, tree, marks, snapshot, files } = fields
  const bytes = snapshot === null ? fields.bytes : setBytes
  return { seq, epoch, key, digest, tree, snapshotSeq: snapshot?.seq ?? seq, marks, bytes, files }
}

/**
 * Uploads a generation's objects: its parts, at most `limit` at once, then itself. May be called again with the same
 * objects after a failure: an object that is already there with the same bytes counts as uploaded.
 * @throws `exists` the name holds other bytes · what the store throws
 */
export async function uploadGeneration(
  store: ObjectStore,
  objects: readonly StoredObject[],
  { limit = 4 }: { limit?: number } = {},
): Promise<void> {
  const put = (object: StoredObject) => putOnce(store, object)
  await inParallel(objects.slice(0, -1), limit, put)
  await inParallel(objects.slice(-1), 1, put)
}

async function putOnce(store: ObjectStore, { key, body }: StoredObject): Promise<void> {
  try {
    await store.put(key, body)
  } catch (error) {
    // An earlier try that was not answered may have been stored after all.
    if (!isSessionError(error, 'exists') || !body.equals(await store.get(key))) throw error
  }
}

/** The compare-and-swap that makes an uploaded generation the head. */
export function headSwap(lease: { tenantId: string; owner: string; epoch: number }, head: Head): HeadSwap {
  const { tenantId, owner, epoch } = lease
  return { tenantId, owner, epoch, expectedSeq: head.seq - 1, head }
}
