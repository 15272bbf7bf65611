import { createHash } from 'node:crypto'
import type { HighWaterMarks } from '../ports/registry.js'
import { putData } from './data-field.js'
import { canonicalJson, sha256 } from './hash.js'
import { formatGenerationName, type GenerationKind } from './object-names.js'

export const generationFormat = 'baileys-session-supervisor/generation/1'
export const partFormat = 'baileys-session-supervisor/part/1'

/** A generation by number and digest: what makes a chain of them. */
export interface GenerationRef {
  readonly seq: number
  /** SHA-256 of the generation's canonical JSON without its own `digest`, lowercase hex. */
  readonly digest: string
}

/** How a generation's changes are kept: stable JSON → gzip → (sealed) → base64. */
export interface PayloadField {
  /** `gzip`, or `gzip+{name of the cipher}`. */
  readonly encoding: string
  /** The cipher's own words, opaque here; null without one. */
  readonly header: string | null
  /** SHA-256 of the bytes before base64. */
  readonly sha256: string
  /** Length of those bytes. */
  readonly bytes: number
  /** Length of the stable JSON: the most that unpacking may give. */
  readonly plainBytes: number
  /** Base64, or null when the bytes lie in parts. */
  readonly data: string | null
  /** SHA-256 of each part's object and the length of the bytes in it, in order. Their keys follow from the name. */
  readonly parts: readonly PartRef[]
}

export interface PartRef {
  readonly sha256: string
  readonly bytes: number
}

/** One committed backup as it lies in the store: a JSON document, immutable, its body in canonical form. */
export interface GenerationDocument {
  readonly format: typeof generationFormat
  readonly tenant: string
  readonly seq: number
  readonly epoch: number
  readonly kind: GenerationKind
  /** Null only for the first. */
  readonly parent: GenerationRef | null
  /** The snapshot that a restore starts from; null when this is one. */
  readonly snapshot: GenerationRef | null
  readonly baseSeq: number
  /** Last part of the object's name. */
  readonly random: string
  /** Milliseconds since the Unix epoch, by the writer's clock; for people and for the hourly snapshot. */
  readonly createdAt: number
  /** Files in the whole set after this generation. */
  readonly files: number
  /** Bytes of the contents that this generation itself carries. */
  readonly bytes: number
  /** Digest of the whole set after this generation. */
  readonly tree: string
  readonly marks: HighWaterMarks
  /** Names of the objects that a restore fetches besides this one, in order, so that it needs no listing. */
  readonly chain: readonly string[]
  readonly payload: PayloadField
  readonly digest: string
}

export type UnsignedDocument = Omit<GenerationDocument, 'digest'>

/** A document as it is read: without the bytes that it carries, which are most of it. */
export interface DocumentHeader extends Omit<GenerationDocument, 'payload'> {
  readonly payload: Omit<PayloadField, 'data'>
}

export function snapshotSeqOf(document: Pick<GenerationDocument, 'seq' | 'snapshot'>): number {
  return document.snapshot?.seq ?? document.seq
}

/** The object's name follows from the document, so one that was copied to another name does not verify. */
export function documentName(document: UnsignedDocument): string {
  const { seq, epoch, kind, baseSeq, random } = document
  return formatGenerationName({ seq, epoch, kind, snapshotSeq: snapshotSeqOf(document), baseSeq, random })
}

/** The field that follows `digest` in canonical order. Before it are numbers and names of objects alone. */
const afterDigest = '"epoch":'

/**
 * Object body and digest of a document.
 * @param data what it carries itself, in place of its empty `payload.data`
 */
export function writeDocument(
  document: UnsignedDocument,
  data: Buffer | null = null,
): { body: Buffer; digest: string } {
  const text = canonicalJson(document)
  const written = data === null ? Buffer.from(text) : putData(text, data)
  const digest = sha256(written)
  const at = written.indexOf(afterDigest)
  const field = Buffer.from(`"digest":"${digest}",`)
  return { body: Buffer.concat([written.subarray(0, at), field, written.subarray(at)]), digest }
}

/** Digest that a document must have. @param body its canonical JSON, all fields checked */
export function documentDigest(body: Buffer, claimed: string): string {
  const field = `"digest":"${claimed}",`
  const at = body.indexOf(field)
  const without = createHash('sha256').update(body.subarray(0, Math.max(at, 0)))
  return without.update(body.subarray(at + field.length)).digest('hex')
}
