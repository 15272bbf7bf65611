import type { Random } from '../ports/clock.js'

/** All files · what changed since the parent · everything that changed since the snapshot. */
export type GenerationKind = 'snapshot' | 'delta' | 'cumulative'

/**
 * What the name of a generation's object says. The kind and the two sequence numbers are in the name so that retention
 * knows from a listing alone which objects a generation needs: its snapshot, the generation it builds on, and
 * everything from there to itself. Downloading each object to ask would cost a request for every generation kept.
 */
export interface GenerationName {
  readonly seq: number
  readonly epoch: number
  readonly kind: GenerationKind
  /** The snapshot that a restore starts from (itself for a snapshot). */
  readonly snapshotSeq: number
  /** The newest snapshot or cumulative at or before it (itself unless it is a delta): the deltas since are needed. */
  readonly baseSeq: number
  /**
   * Makes the name one that is used once, whoever else writes the same sequence number. Of what builds on a snapshot it
   * also tells the snapshot's name, see {@link randomBeside}.
   */
  readonly random: string
}

const letters = { snapshot: 's', delta: 'd', cumulative: 'c' } as const
const kinds = { s: 'snapshot', d: 'delta', c: 'cumulative' } as const
const pattern = /^(\d{10})-(\d{1,15})-([sdc])(\d{1,10})\.(\d{1,10})-([a-z0-9]{8,32})$/
const objectPattern = /^([^/]+?)(?:\.part-(\d{1,5}))?\.json$/

/** What the registry's columns hold. An object that claims more is none of ours, and cannot become a head. */
export const maxSeq = 2 ** 31 - 1
export const maxEpoch = 2 ** 31 - 1

/** Folder of a tenant's generations, ending in `/`. */
export function generationsPrefix(tenantId: string): string {
  return `${tenantId}/generations/`
}

export function generationKey(tenantId: string, name: string): string {
  return `${generationsPrefix(tenantId)}${name}.json`
}

/** Key of the part `index` (from 0) of the generation `name`: found by name, so no document can point elsewhere. */
export function partKey(tenantId: string, name: string, index: number): string {
  return `${generationsPrefix(tenantId)}${name}.part-${index}.json`
}

/** `{seq, 10 digits}-{epoch}-{kind letter}{snapshotSeq}.{baseSeq}-{random}`: sorts by sequence number. */
export function formatGenerationName(name: GenerationName): string {
  const { seq, epoch, kind, snapshotSeq, baseSeq, random } = name
  return `${String(seq).padStart(10, '0')}-${epoch}-${letters[kind]}${snapshotSeq}.${baseSeq}-${random}`
}

/** Null for anything that {@link formatGenerationName} does not give. */
export function parseGenerationName(text: string): GenerationName | null {
  const found = pattern.exec(text)
  if (!found) return null
  const name: GenerationName = {
    seq: Number(found[1]),
    epoch: Number(found[2]),
    kind: kinds[found[3] as keyof typeof kinds],
    snapshotSeq: Number(found[4]),
    baseSeq: Number(found[5]),
    random: found[6]!,
  }
  return isConsistent(name) && formatGenerationName(name) === text ? name : null
}

function isConsistent({ seq, epoch, kind, snapshotSeq, baseSeq }: GenerationName): boolean {
  if (seq > maxSeq || epoch > maxEpoch) return false
  if (snapshotSeq < 1 || snapshotSeq > baseSeq || baseSeq > seq) return false
  if (kind === 'snapshot') return snapshotSeq === seq
  return kind === 'cumulative' ? baseSeq === seq && snapshotSeq < seq : baseSeq < seq
}

export interface ObjectName {
  readonly name: string
  readonly generation: GenerationName
  /** Null for the generation itself. */
  readonly part: number | null
}

/** Reads the key of an object in a tenant's generations folder; null for anything else that lies there. */
export function parseObjectKey(tenantId: string, key: string): ObjectName | null {
  const prefix = generationsPrefix(tenantId)
  const found = key.startsWith(prefix) ? objectPattern.exec(key.slice(prefix.length)) : null
  const generation = found ? parseGenerationName(found[1]!) : null
  if (!found || !generation) return null
  return { name: found[1]!, generation, part: found[2] === undefined ? null : Number(found[2]) }
}

/** Sequence numbers of the generations that are fetched before this one, in order. */
export function neededSeqs({ kind, seq, snapshotSeq, baseSeq }: GenerationName): number[] {
  if (kind === 'snapshot') return []
  const seqs = [snapshotSeq]
  if (kind === 'cumulative') return seqs
  if (baseSeq !== snapshotSeq) seqs.push(baseSeq)
  for (let between = baseSeq + 1; between < seq; between++) seqs.push(between)
  return seqs
}

/** Digits and letters of an epoch, up to {@link maxEpoch}. */
const epochDigits = 6
const ownDigits = 10
const mostRandom = 32

/**
 * The random part for a generation that builds on a snapshot: `own`, then the snapshot's epoch and random part. The
 * registry's head is a name, so whoever restores it knows the snapshot's without asking for the head first.
 */
export function randomBeside(own: string, snapshotName: string | undefined): string {
  const snapshot = snapshotName === undefined ? null : parseGenerationName(snapshotName)
  if (snapshot?.kind !== 'snapshot') return own
  const random = own + snapshot.epoch.toString(36).padStart(epochDigits, '0') + snapshot.random
  return random.length <= mostRandom ? random : own
}

/** Name of the snapshot that a generation builds on, as {@link randomBeside} has put it in; null when it is not there. */
export function snapshotNameIn({ kind, snapshotSeq, random }: GenerationName): string | null {
  if (kind === 'snapshot' || random.length <= ownDigits + epochDigits) return null
  const epoch = Number.parseInt(random.slice(ownDigits, ownDigits + epochDigits), 36)
  const own = random.slice(ownDigits + epochDigits)
  const name = formatGenerationName({
    seq: snapshotSeq,
    epoch,
    kind: 'snapshot',
    snapshotSeq,
    baseSeq: snapshotSeq,
    random: own,
  })
  return parseGenerationName(name) === null ? null : name
}

/** Ten digits and letters (51 bits): a name is used once even among owners that race for a sequence number. */
export function randomName(random: Random): string {
  const digits = () => Math.floor(random() * 36 ** 5).toString(36)
  return digits().padStart(5, '0') + digits().padStart(5, '0')
}
