import { hash } from 'node:crypto'
import stableStringify from 'fast-json-stable-stringify'

export const credsFile = 'creds.json'

/** SHA-256, lowercase hex. */
export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex')
}

/** SHA-256, 32 bytes. */
export function sha256Bytes(bytes: Uint8Array | string): Buffer {
  return hash('sha256', bytes, 'buffer')
}

/** JSON with sorted keys: equal values give equal text, whatever order their keys were written in. */
export function canonicalJson(value: unknown): string {
  return stableStringify(value)
}

/** Deepest nesting of a key file's values; Baileys' have about ten levels. */
export const maxKeyFileDepth = 500

/**
 * Hash of a key file: SHA-256 of its canonical JSON, so that a file rewritten with its keys in another order is not a
 * change. Null when the content is damaged (see {@link parseKeyFile}), and for a creds.json that is no object: nothing
 * else can be an identity.
 */
export function hashKeyFile(content: string, name?: string): string | null {
  const value = parseKeyFile(content)
  if (value === undefined || (name === credsFile && !isObject(value))) return null
  return sha256(canonicalJson(value))
}

/**
 * The parsed content of a key file, or undefined when it is damaged: empty, torn, no JSON, `null` (Baileys deletes
 * instead of writing null), a text that UTF-8 cannot hold, or nested deeper than {@link maxKeyFileDepth}: how deep the
 * stack would let us go depends on who calls. Any other value is possible: a lid-mapping is a string, a device-list is
 * an array.
 */
export function parseKeyFile(content: string): NonNullable<unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content)
    // A lone surrogate cannot be written as UTF-8 and read back.
    if (!content.isWellFormed() || nestsTooDeep(content, value)) return undefined
    return value ?? undefined
  } catch {
    return undefined
  }
}

function nestsTooDeep(content: string, value: unknown): boolean {
  // A level takes two characters at least.
  return content.length > 2 * maxKeyFileDepth && isDeeper(value, maxKeyFileDepth)
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
