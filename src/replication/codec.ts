import { SessionError } from '../errors.js'
import type { KeyFileBatch } from '../ports/key-files.js'
import type { GenerationDocument, PayloadField, UnsignedDocument } from './generation.js'
import { documentName, writeDocument } from './generation.js'
import { sha256 } from './hash.js'
import { generationKey } from './object-names.js'
import { type StoredObject, splitIntoParts } from './parts.js'
import {
  maxPlainBytes,
  type PayloadCipher,
  pack,
  payloadText,
  type ReadPayload,
  readPayload,
  unpack,
} from './payload.js'
import { corruptObject } from './read-document.js'

/** Objects of a backup stay below this unless told otherwise; buckets limit an object's size. */
export const defaultMaxObjectBytes = 4 * 1024 * 1024

export interface CodecOptions {
  /** Default {@link defaultMaxObjectBytes}. A generation's own document may pass it by its header, below 16 KiB. */
  readonly maxObjectBytes?: number
  /** Default null: not encrypted. */
  readonly cipher?: PayloadCipher | null
}

export interface EncodedGeneration {
  readonly name: string
  readonly key: string
  readonly digest: string
  /** In the order of upload: parts first, the generation last, so that it never names a part that is not there. */
  readonly objects: readonly StoredObject[]
  /** Length of the payload's stable JSON. */
  readonly plainBytes: number
}

/** Makes the objects of a generation. @throws `tooLarge` above {@link maxPlainBytes} */
export async function encodeDocument(
  fields: Omit<UnsignedDocument, 'payload'>,
  changes: KeyFileBatch,
  { maxObjectBytes = defaultMaxObjectBytes, cipher = null }: CodecOptions = {},
): Promise<EncodedGeneration> {
  const plain = Buffer.from(payloadText(changes))
  if (plain.length > maxPlainBytes) {
    throw new SessionError(
      'tooLarge',
      `A backup of ${plain.length} bytes is above the ${maxPlainBytes} allowed.`,
    )
  }
  const { sealed, payload } = await seal(fields, plain, cipher)
  const inline = assemble(fields, { ...payload, data: sealed.toString('base64'), parts: [] })
  if (inline.object.body.length <= maxObjectBytes) {
    return { ...inline, objects: [inline.object], plainBytes: plain.length }
  }
  const parts = splitIntoParts(fields.tenant, inline.name, sealed, maxObjectBytes)
  const refs = parts.map(({ sha256, bytes }) => ({ sha256, bytes }))
  const split = assemble(fields, { ...payload, data: null, parts: refs })
  const objects = [...parts.map(({ key, body }) => ({ key, body })), split.object]
  return { ...split, objects, plainBytes: plain.length }
}

async function seal(
  fields: Omit<UnsignedDocument, 'payload'>,
  plain: Buffer,
  cipher: PayloadCipher | null,
): Promise<{ sealed: Buffer; payload: Omit<PayloadField, 'data' | 'parts'> }> {
  const packed = await pack(plain)
  const { bytes, header } = cipher?.seal(packed, sealContext(fields)) ?? { bytes: packed, header: null }
  const encoding = cipher ? `gzip+${cipher.name}` : 'gzip'
  const lengths = { bytes: bytes.length, plainBytes: plain.length }
  return { sealed: bytes, payload: { encoding, header, sha256: sha256(bytes), ...lengths } }
}

/** Binds a sealed payload to its generation: one moved into another document does not open. */
function sealContext({ tenant, seq, epoch, random }: Omit<UnsignedDocument, 'payload'>): string {
  return `${tenant}/${seq}-${epoch}-${random}`
}

function assemble(fields: Omit<UnsignedDocument, 'payload'>, payload: PayloadField) {
  const document: UnsignedDocument = { ...fields, payload }
  const name = documentName(document)
  const key = generationKey(document.tenant, name)
  const { body, digest } = writeDocument(document)
  return { name, key, digest, object: { key, body } }
}

/**
 * The changes that a verified document carries. `parts` are the bytes of its parts, in order; none when it holds its
 * payload itself.
 * @throws `corrupt` · `denied` it is encrypted and the key is missing or another
 */
export async function openPayload(
  key: string,
  document: GenerationDocument,
  parts: readonly Buffer[],
  cipher: PayloadCipher | null,
): Promise<ReadPayload> {
  const { data, bytes, plainBytes, sha256: promised } = document.payload
  const sealed = data === null ? Buffer.concat(parts) : Buffer.from(data, 'base64')
  if (sealed.length !== bytes || sha256(sealed) !== promised) {
    throw corruptObject(key, 'its payload differs from its digest')
  }
  const packed = open(key, document, sealed, cipher)
  let plain: Buffer
  let text: string
  try {
    plain = await unpack(packed, plainBytes)
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain)
  } catch (cause) {
    throw corruptObject(key, 'its payload does not unpack to what it declares', cause)
  }
  if (plain.length !== plainBytes) throw corruptObject(key, 'its payload has another length than declared')
  const refuse = (reason: string): never => {
    throw corruptObject(key, reason)
  }
  return readPayload(text, refuse)
}

/** The digest has proven the bytes whole, so a failure here is the key's: a person must give the right one. */
function open(
  key: string,
  document: GenerationDocument,
  sealed: Buffer,
  cipher: PayloadCipher | null,
): Buffer {
  const { encoding, header } = document.payload
  if (encoding === 'gzip' || header === null) return sealed
  if (encoding !== `gzip+${cipher?.name}` || !cipher) {
    throw new SessionError(
      'denied',
      `Backup object ${key} is encrypted (${encoding}): configure the key that it was written with.`,
    )
  }
  try {
    return cipher.open(sealed, header, sealContext(document))
  } catch (cause) {
    throw new SessionError(
      'denied',
      `Backup object ${key} is whole but does not open with the configured key: configure the one it was written with.`,
      { cause },
    )
  }
}
