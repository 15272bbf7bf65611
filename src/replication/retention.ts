import type { ObjectInfo } from '../ports/object-store.js'
import type { Head } from '../ports/registry.js'
import { neededSeqs, type ObjectName, parseGenerationName, parseObjectKey } from './object-names.js'

export interface RetentionSettings {
  /** Every generation this young is kept. */
  readonly everyMs: number
  /** One restorable point an hour is kept this long. */
  readonly hourlyMs: number
  /** One restorable point a day is kept this long. */
  readonly dailyMs: number
  /** No object younger than this is ever removed: it may belong to a commit that is under way. */
  readonly marginMs: number
}

export const defaultRetention: RetentionSettings = {
  everyMs: 15 * 60_000,
  hourlyMs: 24 * 3_600_000,
  dailyMs: 7 * 24 * 3_600_000,
  marginMs: 15 * 60_000,
}

export interface RetentionInput {
  readonly tenantId: string
  /** All objects of the tenant's generations folder. */
  readonly objects: readonly ObjectInfo[]
  readonly head: Head
  /** Names of the head's own chain, from its document or its `ChainState`; null when not known. */
  readonly chain: readonly string[] | null
  readonly nowMs: number
  readonly settings?: RetentionSettings
}

export interface RetentionPlan {
  /** Keys in the order of deletion: what builds on others goes before them, a generation before its parts. */
  readonly remove: readonly string[]
  readonly keep: number
  /** False: the listing lacks objects that the head needs, so that it cannot be restored. */
  readonly headIsWhole: boolean
  /** Objects in the folder that are not of this package's making; never touched. */
  readonly unknown: number
}

interface Listed extends ObjectName {
  readonly key: string
  readonly createdAt: number
}

type AgeOf = (object: Listed) => number

/**
 * Decides from one listing which objects of a tenant may go, without downloading any: a name tells its kind, its
 * snapshot and what it builds on, so the sequence numbers that a kept generation needs follow from its name.
 *
 * - Of the head's chain exactly the objects it names are kept; others with those numbers lost a race and go. Elsewhere
 *   a listing cannot tell which of several objects with one number was committed: all are kept while one is needed.
 * - Nothing above the head's number goes: a registry that was restored from an old copy would lose its newest data.
 * - Nothing at all goes while the listing lacks an object that the head needs: older generations may be all there is.
 * - Age is counted from the newest object's time by the store's clock, or from `nowMs` if that is earlier: a host whose
 *   clock runs ahead deletes nothing early, and a tenant that is quiet keeps its last points.
 */
export function decideRetention(input: RetentionInput): RetentionPlan {
  const { tenantId, objects, head, settings = defaultRetention } = input
  const listed: Listed[] = []
  for (const { key, createdAt } of objects) {
    const name = parseObjectKey(tenantId, key)
    if (name) listed.push({ ...name, key, createdAt })
  }
  const newest = listed.reduce((latest, { createdAt }) => Math.max(latest, createdAt), 0)
  const age: AgeOf = ({ createdAt }) => Math.min(newest, input.nowMs) - createdAt
  const kept = keptNames(input, listed, age, settings)
  const mayGo = (object: Listed) =>
    kept !== null &&
    !kept.has(object.name) &&
    object.generation.seq <= head.seq &&
    age(object) > settings.marginMs
  const remove = listed.filter(mayGo).sort(dependentsFirst)
  return {
    remove: remove.map(({ key }) => key),
    keep: listed.length - remove.length,
    headIsWhole: kept !== null,
    unknown: objects.length - listed.length,
  }
}

/** Names of the generations to keep, or null when the head's own chain is not all there. */
function keptNames(
  { tenantId, head, chain }: RetentionInput,
  listed: readonly Listed[],
  age: AgeOf,
  settings: RetentionSettings,
): Set<string> | null {
  const headName = parseObjectKey(tenantId, head.key)
  const generations = listed.filter(({ part, generation }) => part === null && generation.seq <= head.seq)
  const there = new Set(generations.map(({ name }) => name))
  const exact = headName && [headName.name, ...(chain ?? [])]
  if (!exact?.every((name) => there.has(name))) return null
  const lost = chain === null ? () => false : lostRaceAgainst(new Set(exact))
  const possible = generations.filter((object) => !lost(object))
  const points = retainedPoints(possible, age, settings).map(({ generation }) => generation)
  points.push(headName!.generation)
  const seqs = new Set(points.flatMap((generation) => [generation.seq, ...neededSeqs(generation)]))
  return new Set(possible.filter(({ generation }) => seqs.has(generation.seq)).map(({ name }) => name))
}

/** True for objects that have the sequence number of a committed one and another name. */
function lostRaceAgainst(committed: ReadonlySet<string>): (object: Listed) => boolean {
  const seqs = new Set([...committed].map((name) => parseGenerationName(name)?.seq))
  return ({ name, generation }) => seqs.has(generation.seq) && !committed.has(name)
}

function retainedPoints(
  generations: readonly Listed[],
  age: AgeOf,
  { everyMs, hourlyMs, dailyMs }: RetentionSettings,
): Listed[] {
  const points = generations.filter((object) => age(object) <= everyMs)
  const seqs = new Set([
    ...newestBefore(generations, everyMs, age),
    ...onePerBucket(generations, hourlyMs, 3_600_000, age),
    ...onePerBucket(generations, dailyMs, 86_400_000, age),
  ])
  // Of those with one number any may be the committed one: what each of them needs is kept.
  points.push(...generations.filter(({ generation }) => seqs.has(generation.seq)))
  return points
}

/** The generation that was the head when the window of "every generation" begins. */
function newestBefore(generations: readonly Listed[], windowMs: number, age: AgeOf): number[] {
  const before = generations.filter((object) => age(object) > windowMs)
  return before.length === 0
    ? []
    : [before.reduce((a, b) => (betterPoint(a, b, false) ? a : b)).generation.seq]
}

function onePerBucket(
  generations: readonly Listed[],
  limitMs: number,
  bucketMs: number,
  age: AgeOf,
): number[] {
  const best = new Map<number, Listed>()
  for (const object of generations) {
    if (age(object) > limitMs) continue
    const bucket = Math.floor(object.createdAt / bucketMs)
    const before = best.get(bucket)
    if (before === undefined || betterPoint(object, before, true)) best.set(bucket, object)
  }
  return [...best.values()].map(({ generation }) => generation.seq)
}

/** A snapshot needs nothing but itself, so it is the point to keep of an hour or a day; of equals the newer. */
function betterPoint({ generation: a }: Listed, { generation: b }: Listed, preferSnapshot: boolean): boolean {
  const isSnapshot = a.kind === 'snapshot'
  if (preferSnapshot && isSnapshot !== (b.kind === 'snapshot')) return isSnapshot
  return a.seq > b.seq
}

/** So that after an interruption at any place every generation that is left still has all that it needs. */
function dependentsFirst(a: Listed, b: Listed): number {
  return (
    b.generation.seq - a.generation.seq ||
    Number(a.part !== null) - Number(b.part !== null) ||
    (a.key < b.key ? -1 : 1)
  )
}
