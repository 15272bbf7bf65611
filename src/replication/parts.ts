import { putData } from './data-field.js'
import { partFormat } from './generation.js'
import { canonicalJson, sha256 } from './hash.js'
import { partKey } from './object-names.js'
import { corruptObject, parseCanonical } from './read-document.js'

/** What a part's document takes besides its base64, with a tenant id and names of any allowed length. */
const partOverheadBytes = 1024

export interface StoredObject {
  readonly key: string
  readonly body: Buffer
}

export interface Part extends StoredObject {
  readonly sha256: string
  /** Length of the bytes in it, before base64. */
  readonly bytes: number
}

/** Splits packed bytes into part objects of at most `maxObjectBytes`: JSON documents, as a bucket may allow no other. */
export function splitIntoParts(
  tenantId: string,
  name: string,
  packed: Buffer,
  maxObjectBytes: number,
): Part[] {
  const most = Math.max(3, Math.floor((maxObjectBytes - partOverheadBytes) / 4) * 3)
  const parts: Part[] = []
  for (let from = 0; from < packed.length; from += most) {
    const bytes = packed.subarray(from, from + most)
    const index = parts.length
    const document = {
      format: partFormat,
      tenant: tenantId,
      of: name,
      index,
      data: '',
    }
    const body = putData(canonicalJson(document), bytes)
    parts.push({ key: partKey(tenantId, name, index), body, sha256: sha256(body), bytes: bytes.length })
  }
  return parts
}

/** The bytes of a part whose digest and length its generation promises. @throws `corrupt` */
export function readPart(key: string, body: Buffer, promised: { sha256: string; bytes: number }): Buffer {
  if (sha256(body) !== promised.sha256)
    throw corruptObject(key, 'its digest differs from what its generation lists')
  const { fields, data } = parseCanonical(key, body)
  if (fields.format !== partFormat || fields.data !== '' || data === null)
    throw corruptObject(key, 'it is no part of a generation')
  if (data.length !== promised.bytes) throw corruptObject(key, 'it holds another length than promised')
  return data
}
