import { sha256Bytes } from '../replication/hash.js'
import type { FileFacts } from './disk.js'

/** Says of a file that it must be read. */
const unknownPrint = -1

/**
 * What is remembered of each file, by its slot in the tree, so that it need not be read again while it is untouched:
 * size, mtime and inode in one number (53 bits). And its size, for the sum of all of them.
 */
export class KnownFacts {
  #sizes: Uint32Array
  #prints: Float64Array
  /** By slot, 48 bits of the SHA-256 of the bytes; null until somebody has read all files. */
  #contents: Float64Array | null = null
  #totalBytes = 0

  /** @param files how many there are; others may come */
  constructor(files: number) {
    this.#sizes = new Uint32Array(files)
    this.#prints = new Float64Array(files).fill(unknownPrint)
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  /** The file looks as when it was last read or written. */
  isSame(slot: number, facts: FileFacts): boolean {
    return slot >= 0 && slot < this.#prints.length && this.#prints[slot] === printOf(facts)
  }

  seen(slot: number, facts: FileFacts): void {
    this.#set(slot, facts.bytes, printOf(facts))
  }

  /** It will have this size, and was not looked at. */
  expect(slot: number, bytes: number): void {
    this.#set(slot, bytes, unknownPrint)
  }

  /** These are the very bytes that were last found to be the content in the tree. */
  isSameContent(slot: number, bytes: Uint8Array): boolean {
    const known = slot < 0 ? undefined : this.#contents?.[slot]
    return known !== undefined && known !== unknownPrint && known === contentPrint(bytes)
  }

  seenContent(slot: number, bytes: Uint8Array): void {
    if (slot < 0) return
    if (slot >= this.#prints.length) this.#grow(slot + 1)
    this.#contents ??= new Float64Array(this.#prints.length).fill(unknownPrint)
    this.#contents[slot] = contentPrint(bytes)
  }

  /** It has another content, or none: to be said before the slot is free for another name. */
  forget(slot: number): void {
    if (slot < 0 || slot >= this.#prints.length) return
    this.#set(slot, 0, unknownPrint)
    if (this.#contents) this.#contents[slot] = unknownPrint
  }

  #set(slot: number, bytes: number, print: number): void {
    if (slot < 0) return
    if (slot >= this.#prints.length) this.#grow(slot + 1)
    this.#totalBytes += bytes - this.#sizes[slot]!
    this.#sizes[slot] = bytes
    this.#prints[slot] = print
  }

  #grow(least: number): void {
    const capacity = Math.max(least, Math.ceil(this.#prints.length * 1.25))
    const sizes = new Uint32Array(capacity)
    sizes.set(this.#sizes)
    this.#sizes = sizes
    const prints = new Float64Array(capacity).fill(unknownPrint)
    prints.set(this.#prints)
    this.#prints = prints
    if (this.#contents === null) return
    const contents = new Float64Array(capacity).fill(unknownPrint)
    contents.set(this.#contents)
    this.#contents = contents
  }
}

function contentPrint(bytes: Uint8Array): number {
  return sha256Bytes(bytes).readUIntBE(0, 6)
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
