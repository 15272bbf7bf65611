import { SessionError } from '../errors.js'
import type { KeyFileBatch } from '../ports/key-files.js'
import type { DocumentHeader, PayloadField, UnsignedDocument } from './generation.js'
import { documentName, writeDocument } from './generation.js'
import { sha256 } from './hash.js'
import { generationKey } from './object-names.js'
import { type StoredObject, splitIntoParts } from './parts.js'
import { maxPlainBytes, type PayloadCipher, pack, payloadBytes, unpack } from './payload.js'
import { corruptObject } from './read-document.js'
import { type ReadPayload, readPayload } from './read-payload.js'

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
  const plain = payloadBytes(changes)
  if (plain.length > maxPlainBytes) {
    throw new SessionError(
      'tooLarge',
      `A backup of ${plain.length} bytes is above the ${maxPlainBytes} allowed.`,
    )
  }
  const { sealed, payload } = await seal(fields, plain, cipher)
  const inline = assemble(fields, { ...payload, data: '', parts: [] }, sealed)
  if (inline.object.body.length <= maxObjectBytes) {
    return { ...inline, objects: [inline.object], plainBytes: plain.length }
  }
  const parts = splitIntoParts(fields.tenant, inline.name, sealed, maxObjectBytes)
  const refs = parts.map(({ sha256, bytes }) => ({ sha256, bytes }))
  const split = assemble(fields, { ...payload, data: null, parts: refs }, null)
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

function assemble(fields: Omit<UnsignedDocument, 'payload'>, payload: PayloadField, data: Buffer | null) {
  const document: UnsignedDocument = { ...fields, payload }
  const name = documentName(document)
  const key = generationKey(document.tenant, name)
  const { body, digest } = writeDocument(document, data)
  return { name, key, digest, object: { key, body } }
}

/**
 * The changes that a verified document carries.
 * @param sealed its data, or the bytes of its parts one after the other
 * @throws `corrupt` · `denied` it is encrypted and the key is missing or another
 */
export async function openPayload(
  key: string,
  document: DocumentHeader,
  sealed: Buffer,
  cipher: PayloadCipher | null,
): Promise<ReadPayload> {
  const { bytes, plainBytes, sha256: promised } = document.payload
  if (sealed.length !== bytes || sha256(sealed) !== promised) {
    throw corruptObject(key, 'its payload differs from its digest')
  }
  const packed = open(key, document, sealed, cipher)
  let plain: Buffer
  try {
    plain = await unpack(packed, plainBytes)
  } catch (cause) {
    throw corruptObject(key, 'its payload does not unpack to what it declares', cause)
  }
  if (plain.length !== plainBytes) throw corruptObject(key, 'its payload has another length than declared')
  return readPayload(plain, (reason) => {
    throw corruptObject(key, reason)
  })
}

/** The digest has proven the bytes whole, so a failure here is the key's: a person must give the right one. */
function open(key: string, document: DocumentHeader, sealed: Buffer, cipher: PayloadCipher | null): Buffer {
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
