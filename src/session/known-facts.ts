import type { FileFacts } from './disk.js'

/** What is remembered of a file, so that it need not be read again while it is untouched. */
export interface KnownFacts {
  readonly bytes: number
  /** Size, mtime and inode in one number (53 bits), or -1: to be read. */
  readonly print: number
}

export function knownFacts(facts: FileFacts): KnownFacts {
  return { bytes: facts.bytes, print: printOf(facts) }
}

function printOf({ bytes, mtimeMs, ino }: FileFacts): number {
  const wholeMs = Math.floor(mtimeMs)
  const fraction = Math.floor((mtimeMs - wholeMs) * 1_000_000)
  const parts = [bytes, ino, ino / 2 ** 32, wholeMs, wholeMs / 2 ** 32, fraction]
  return (mix(parts, 0x811c9dc5) & 0x1fffff) * 2 ** 32 + mix(parts, 0x01234567)
}

function mix(parts: readonly number[], seed: number): number {
  let hash = seed
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    hash ^= hash >>> 13
  }
  return hash >>> 0
}
