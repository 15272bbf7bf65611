import { SessionError } from '../errors.js'
import { textOfUtf8 } from '../utf8.js'
import { decodeBase64 } from './base64.js'
import { cutData } from './data-field.js'
import {
  type DocumentHeader,
  documentDigest,
  documentName,
  type GenerationDocument,
  type GenerationRef,
  generationFormat,
  type PartRef,
  type PayloadField,
} from './generation.js'
import { canonicalJson } from './hash.js'
import { maxPreKeyId } from './marks.js'
import { neededSeqs, type ObjectName, parseGenerationName, parseObjectKey } from './object-names.js'
import { maxPlainBytes } from './payload.js'

/** Objects above this are not parsed; buckets of the seed kind stop at 50 MB. */
export const maxBodyBytes = 64 * 1024 * 1024

type Fields = Record<string, unknown>
type Check = (value: unknown) => boolean

/** The reason for refusing an object, with its key and never a content. */
export function corruptObject(key: string, reason: string, cause?: unknown): SessionError {
  return new SessionError('corrupt', `Backup object ${key} does not verify: ${reason}. It was not used.`, {
    cause,
  })
}

/** A document whose field `data` was read apart. */
interface Canonical {
  /** Its `data` is '' when there is one. */
  readonly fields: Fields
  /** The bytes that `data` holds as base64; null without one. */
  readonly data: Buffer | null
}

/**
 * Reads a JSON document in canonical form. Any flipped bit that JSON would overlook (a blank, a repeated key, another
 * escape) makes the text differ from what its value would be written as. Its field `data`, a hundred kilobytes of base64,
 * never becomes a text: V8 gives each above 128 KB pages of its own (1 to 2 ms here), and this would take four.
 */
export function parseCanonical(key: string, body: Buffer): Canonical {
  if (body.byteLength > maxBodyBytes) throw corruptObject(key, `it has ${body.byteLength} bytes`)
  const { rest, base64 } = cutData(body)
  let value: unknown
  let canonical: string
  let text: string
  try {
    text = textOfUtf8(rest)
    value = JSON.parse(text)
    canonical = canonicalJson(value)
  } catch (cause) {
    // The parser's message quotes the text: it stays out of ours, and out of the cause.
    throw corruptObject(key, `it is no JSON document (${(cause as Error).name})`)
  }
  if (canonical !== text) throw corruptObject(key, 'it is not in canonical form')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw corruptObject(key, 'it is no JSON object')
  }
  const data = base64 && decodeBase64(base64)
  if (data === undefined) throw corruptObject(key, 'its data is no base64')
  return { fields: value as Fields, data }
}

/**
 * Reads and checks the body of a generation: form, every field, its own digest, and that it is the document its key
 * promises.
 * @returns `data`: what it carries itself; null when that lies in parts
 * @throws `corrupt`
 */
export function readDocument(
  tenantId: string,
  key: string,
  body: Buffer,
): { document: DocumentHeader; data: Buffer | null } {
  const name = parseObjectKey(tenantId, key)
  if (!name || name.part !== null) throw corruptObject(key, 'its name is not that of a generation')
  const { fields, data } = parseCanonical(key, body)
  if (fields.format !== generationFormat) throw corruptObject(key, 'its format is not known to this version')
  const bad = wrongField(fields, documentChecks)
  if (bad) throw corruptObject(key, `its field ${bad} is wrong`)
  const whole = fields as unknown as GenerationDocument
  if (documentDigest(body, whole.digest) !== whole.digest)
    throw corruptObject(key, 'its digest differs from its content')
  const problem = inconsistency(whole, tenantId, name)
  if (problem) throw corruptObject(key, problem)
  const { data: _, ...payload } = whole.payload
  return { document: { ...whole, payload }, data }
}

/** The first field that is missing, wrong or unknown; null when all are right. */
function wrongField(fields: Fields, checks: Record<string, Check>): string | null {
  for (const [field, check] of Object.entries(checks)) if (!check(fields[field])) return field
  return Object.keys(fields).length === Object.keys(checks).length ? null : '(one that is not known)'
}

function inconsistency(document: GenerationDocument, tenantId: string, { name, generation }: ObjectName) {
  if (document.tenant !== tenantId) return 'it belongs to another tenant'
  const { kind, parent, snapshot, seq, payload } = document
  if ((kind === 'snapshot') !== (snapshot === null)) return 'its snapshot does not fit its kind'
  if (documentName(document) !== name) return 'it is not the document its name promises'
  if (parent === null ? seq !== 1 : parent.seq !== seq - 1) return 'its parent has a wrong sequence number'
  if (!chainFits(document.chain, neededSeqs(generation))) return 'its chain does not fit its name'
  return payloadInconsistency(payload)
}

function chainFits(chain: readonly string[], seqs: readonly number[]): boolean {
  return chain.length === seqs.length && chain.every((name, i) => parseGenerationName(name)?.seq === seqs[i])
}

function payloadInconsistency({ data, parts, bytes, encoding, header }: PayloadField): string | null {
  if ((data === null) === (parts.length === 0)) return 'its payload is neither in it nor in parts'
  if (parts.length > 0 && parts.reduce((sum, part) => sum + part.bytes, 0) !== bytes) {
    return 'the lengths of its parts do not add up'
  }
  return (encoding === 'gzip') === (header === null) ? null : 'its encoding lacks a header'
}

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isSeq: Check = (value) => isCount(value) && (value as number) >= 1
const isText: Check = (value) => typeof value === 'string'
const isHash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const listOf =
  (check: Check, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(check)
const shape =
  (checks: Record<string, Check>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    wrongField(value as Fields, checks) === null

const refChecks: Record<keyof GenerationRef, Check> = { seq: isSeq, digest: isHash }
const partChecks: Record<keyof PartRef, Check> = { sha256: isHash, bytes: isSeq }

const payloadChecks: Record<keyof PayloadField, Check> = {
  encoding: (value) => typeof value === 'string' && /^gzip(\+[a-z0-9-]{1,40})?$/.test(value),
  header: orNull(isText),
  sha256: isHash,
  bytes: isSeq,
  plainBytes: (value) => isSeq(value) && (value as number) <= maxPlainBytes,
  // It was read apart.
  data: orNull((value) => value === ''),
  parts: listOf(shape(partChecks), 10_000),
}

const documentChecks: Record<keyof GenerationDocument, Check> = {
  format: isText,
  tenant: isText,
  seq: isSeq,
  epoch: isCount,
  kind: (value) => value === 'snapshot' || value === 'delta' || value === 'cumulative',
  parent: orNull(shape(refChecks)),
  snapshot: orNull(shape(refChecks)),
  baseSeq: isSeq,
  random: isText,
  createdAt: isCount,
  files: isCount,
  bytes: isCount,
  tree: isHash,
  marks: shape({ nextPreKeyId: (value) => isCount(value) && (value as number) <= maxPreKeyId }),
  chain: listOf((value) => typeof value === 'string' && parseGenerationName(value) !== null, 200),
  payload: shape(payloadChecks),
  digest: isHash,
}
