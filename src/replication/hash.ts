import { createHash } from 'node:crypto'
import stableStringify from 'fast-json-stable-stringify'

/** SHA-256, lowercase hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** JSON with sorted keys: equal values give equal text, whatever order their keys were written in. */
export function canonicalJson(value: unknown): string {
  return stableStringify(value)
}

/**
 * Hash of a key file: SHA-256 of its canonical JSON, so that a file rewritten with its keys in another order is not a
 * change. Null when the content is damaged: empty, torn, or no JSON object, array or string.
 */
export function hashKeyFile(content: string): string | null {
  const value = parseKeyFile(content)
  return value === undefined ? null : sha256(canonicalJson(value))
}

/**
 * The parsed content of a key file, or undefined when it is damaged. Baileys writes objects, arrays (device-list) and
 * strings (lid-mapping). All three close with their own bracket or quote, so no torn one ever parses; a number would.
 */
export function parseKeyFile(content: string): object | string | undefined {
  try {
    const value: unknown = JSON.parse(content)
    if (typeof value === 'string') return value
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
