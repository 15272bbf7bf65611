import { promisify } from 'node:util'
import { constants, gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib'
import { isKeyFileName, keyFileType } from '../ports/key-file-name.js'
import type { KeyFileBatch } from '../ports/key-files.js'
import { hashKeyFile, parseKeyFile } from './hash.js'

/**
 * The place for encryption: seals what gzip gave and opens it again. `header` is kept in the document beside the
 * sealed bytes, opaque here (a wrapped data key, a key id). `context` must be authenticated: it names the generation.
 */
export interface PayloadCipher {
  /** Kept in the document's `encoding`, e.g. `aes-256-gcm`. */
  readonly name: string
  seal(bytes: Buffer, context: string): { bytes: Buffer; header: string }
  /** @throws any error when the key is not the one that sealed it */
  open(bytes: Buffer, header: string, context: string): Buffer
}

/**
 * Measured on a real session of 942 files (272 KB of stable JSON, Node 20): level 1 takes 2.9 ms and leaves 96.0 KB,
 * level 6 takes 5.1 ms and leaves 91.4 KB. Requests are the cost, not bytes: half the time wins.
 */
const gzipLevel = 1

/** Unpacked payloads above this are refused on both ways (strings end near 512 MiB); a session is about 0.3 MB. */
export const maxPlainBytes = 256 * 1024 * 1024

/** Below this, packing on the calling thread takes a few ms; above, it goes to zlib's own threads. */
const onThreadBytes = 1024 * 1024

const gzipOnThread = promisify(gzip)
const gunzipOnThread = promisify(gunzip)

/** Stable JSON of `{ deletes: [names], puts: { name: content } }`, names sorted. */
export function payloadText(changes: KeyFileBatch): string {
  const puts: Record<string, string> = {}
  const deletes: string[] = []
  for (const name of [...changes.keys()].sort()) {
    const content = changes.get(name)
    if (typeof content === 'string') puts[name] = content
    else deletes.push(name)
  }
  return JSON.stringify({ deletes, puts })
}

export function pack(plain: Buffer): Promise<Buffer> | Buffer {
  const options = { level: gzipLevel }
  return plain.length < onThreadBytes ? gzipSync(plain, options) : gzipOnThread(plain, options)
}

/** Unpacks at most `plainBytes`, so that a bomb costs no more memory than it declares. @throws any error */
export async function unpack(packed: Buffer, plainBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: Math.max(plainBytes, 1), finishFlush: constants.Z_FINISH }
  return plainBytes < onThreadBytes ? gunzipSync(packed, options) : gunzipOnThread(packed, options)
}

export interface ReadPayload {
  readonly changes: ReadonlyMap<string, string | null>
  /** Of the contents, each parsed for it. */
  readonly hashes: ReadonlyMap<string, string>
}

/**
 * Reads what {@link payloadText} wrote. Every name and content is checked, and the text must be exactly what its
 * value would be written as: that refuses duplicate names, which JSON itself lets through.
 * @param refuse throws with the reason, which never holds a name or a content
 */
export function readPayload(text: string, refuse: (reason: string) => never): ReadPayload {
  const { deletes, puts } = payloadShape(text, refuse)
  const changes = new Map<string, string | null>()
  const hashes = new Map<string, string>()
  for (const [name, content] of Object.entries(puts)) {
    if (!isKeyFileName(name)) refuse('it holds a name that no key file may have')
    const hash = typeof content === 'string' ? hashKeyFile(content, name) : null
    if (hash === null) refuse(`it holds a damaged file of type ${keyFileType(name)}`)
    changes.set(name, content as string)
    hashes.set(name, hash as string)
  }
  for (const name of deletes) {
    if (!isKeyFileName(name)) refuse('it deletes a name that no key file may have')
    if (changes.has(name)) refuse('it names a file twice')
    changes.set(name, null)
  }
  if (payloadText(changes) !== text) refuse('its payload is not in stable form or names a file twice')
  return { changes, hashes }
}

function payloadShape(
  text: string,
  refuse: (reason: string) => never,
): { deletes: unknown[]; puts: Record<string, unknown> } {
  const value = parseKeyFile(text)
  if (typeof value !== 'object') return refuse('its payload is no JSON object')
  const { deletes, puts } = value as { deletes?: unknown; puts?: unknown }
  if (!Array.isArray(deletes) || typeof puts !== 'object' || puts === null || Array.isArray(puts)) {
    return refuse('its payload lacks puts or deletes')
  }
  return { deletes, puts: puts as Record<string, unknown> }
}
