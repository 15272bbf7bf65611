import { SessionError } from '../errors.js'
import type { ObjectSource } from '../ports/object-store.js'
import type { Head, HighWaterMarks } from '../ports/registry.js'
import { raiseMarks } from './marks.js'
import { isUnusable, ObjectCache, type RestoreOptions, type UnusableCode } from './object-cache.js'
import { generationsPrefix, type ObjectName, parseObjectKey } from './object-names.js'
import { type Restored, restoreChain } from './restore.js'

/** A generation that was passed over, and why. */
export interface Skipped {
  readonly seq: number
  readonly code: UnusableCode
  /** Names the object and what is wrong with it. */
  readonly reason: string
}

export interface WalkedBack {
  readonly restored: Restored
  readonly skipped: readonly Skipped[]
  /** The highest that any readable generation tells, damaged chains included: pre-key ids go on above it. */
  readonly marks: HighWaterMarks
}

export interface NewestRestored extends WalkedBack {
  /** True when the head itself could not be used: say so loudly, and commit a snapshot made by `prepareOlder`. */
  readonly fellBack: boolean
}

/** A generation's object as a listing shows it. */
export interface Candidate {
  readonly key: string
  readonly name: ObjectName
}

/**
 * Restores the head or, when it is proven unusable, the newest generation before it that verifies. A store that does
 * not answer proves nothing: that is thrown, never fallen back from.
 * @throws `corrupt` no generation verifies · `denied` · `unavailable`
 */
export async function restoreNewest(
  store: ObjectSource,
  tenantId: string,
  head: Head,
  options: RestoreOptions = {},
): Promise<NewestRestored> {
  const cache = new ObjectCache(store, tenantId, options)
  try {
    const restored = await restoreChain(cache, head)
    return { restored, fellBack: false, skipped: [], marks: raiseMarks(head.marks, restored.head.marks) }
  } catch (error) {
    if (!isUnusable(error)) throw error
    const first: Skipped = { seq: head.seq, code: error.code, reason: error.message }
    const older = (await listGenerations(store, tenantId)).filter(
      ({ name }) => name.generation.seq < head.seq,
    )
    const found = await walkBack(cache, older, [first])
    return { ...found, fellBack: true, marks: raiseMarks(found.marks, head.marks) }
  }
}

/** Generations in the store, newest first: by sequence number, then epoch (of two that raced, the later owner's). */
export async function listGenerations(store: ObjectSource, tenantId: string): Promise<Candidate[]> {
  return generationsAmong(tenantId, await store.list(generationsPrefix(tenantId)))
}

/** The generations of a listing, newest first. */
export function generationsAmong(
  tenantId: string,
  objects: readonly { readonly key: string }[],
): Candidate[] {
  const candidates: Candidate[] = []
  for (const { key } of objects) {
    const name = parseObjectKey(tenantId, key)
    if (name && name.part === null) candidates.push({ key, name })
  }
  return candidates.sort((a, b) => compareNewest(a.name, b.name))
}

function compareNewest(
  { generation: a, name: x }: ObjectName,
  { generation: b, name: y }: ObjectName,
): number {
  return b.seq - a.seq || b.epoch - a.epoch || (x < y ? -1 : 1)
}

/**
 * The first of `candidates` (newest first) whose chain verifies. A generation without files is where a session ended:
 * damaged ones after it are of the session that followed, of which nothing older is a part.
 * @throws `corrupt` none does, or none of the newest session
 */
export async function walkBack(
  cache: ObjectCache,
  candidates: readonly Candidate[],
  before: readonly Skipped[] = [],
): Promise<WalkedBack> {
  const skipped = [...before]
  for (const attempts of attemptsOf(candidates)) {
    for (const candidate of await newestAttemptFirst(cache, attempts)) {
      const restored = await tryRestore(cache, candidate, skipped)
      if (restored === null) continue
      if (restored.files.size === 0 && skipped.length > 0) throw sessionDamaged(cache.tenantId, skipped)
      const marks = raiseMarks(...[...cache.documents()].map((document) => document.marks))
      return { restored, skipped, marks }
    }
  }
  const first = skipped[0]
  throw new SessionError(
    'corrupt',
    `None of ${skipped.length} generations of tenant ${cache.tenantId} verifies; nothing was changed. ${first ? `The newest: ${first.reason}` : 'There are none.'} Keep the objects and any local copy, and look at the store.`,
  )
}

/** Null, and noted in `skipped`, when it is proven unusable. */
async function tryRestore(
  cache: ObjectCache,
  { key, name }: Candidate,
  skipped: Skipped[],
): Promise<Restored | null> {
  try {
    return await restoreChain(cache, { key })
  } catch (error) {
    if (!isUnusable(error)) throw error
    skipped.push({ seq: name.generation.seq, code: error.code, reason: error.message })
    return null
  }
}

function sessionDamaged(tenantId: string, skipped: readonly Skipped[]): SessionError {
  return new SessionError(
    'corrupt',
    `None of the ${skipped.length} generations of tenant ${tenantId} since its last logout verifies; nothing was changed. The newest: ${skipped[0]!.reason} Keep the objects and any local copy, and look at the store.`,
  )
}

/** Candidates of one sequence number and epoch: one owner's attempts at one generation. */
function attemptsOf(candidates: readonly Candidate[]): Candidate[][] {
  const groups: Candidate[][] = []
  for (const candidate of candidates) {
    const { seq, epoch } = candidate.name.generation
    const last = groups.at(-1)
    const first = last?.[0]?.name.generation
    if (last && first?.seq === seq && first.epoch === epoch) last.push(candidate)
    else groups.push([candidate])
  }
  return groups
}

/**
 * An upload whose answer was lost lies beside the one that replaced it and was committed. The later one has all that
 * the earlier has, and an owner dates its generations in the order in which it makes them.
 */
async function newestAttemptFirst(cache: ObjectCache, attempts: Candidate[]): Promise<Candidate[]> {
  if (attempts.length === 1) return attempts
  const dated: { candidate: Candidate; createdAt: number }[] = []
  for (const candidate of attempts) {
    try {
      const { document } = await cache.load(candidate.name.name)
      dated.push({ candidate, createdAt: document.createdAt })
    } catch (error) {
      if (!isUnusable(error)) throw error
      dated.push({ candidate, createdAt: 0 })
    }
  }
  return dated.sort((a, b) => b.createdAt - a.createdAt).map(({ candidate }) => candidate)
}
