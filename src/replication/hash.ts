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
 * change. Null when the content is damaged (see {@link parseKeyFile}).
 */
export function hashKeyFile(content: string): string | null {
  const value = parseKeyFile(content)
  if (value === undefined) return null
  try {
    return sha256(canonicalJson(value))
  } catch {
    // Nested deeper than the stack: no key file is.
    return null
  }
}

/**
 * The parsed content of a key file, or undefined when it is damaged: empty, torn, no JSON, or `null` (Baileys deletes
 * instead of writing null). Any other value is possible: a lid-mapping is a string, a device-list is an array.
 */
export function parseKeyFile(content: string): NonNullable<unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content)
    return value ?? undefined
  } catch {
    return undefined
  }
}
