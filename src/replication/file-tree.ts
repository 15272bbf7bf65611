import { createHash } from 'node:crypto'
import { sha256 } from './hash.js'

const bucketCount = 256

/**
 * A set of key files by name and hash, with a digest over the whole set that costs only what changed: names are
 * spread over 256 buckets, a changed name re-hashes its own bucket and the list of buckets (860 files: about 3 names
 * a bucket). Two trees have the same digest exactly when they hold the same names with the same hashes.
 */
export class FileTree {
  readonly #hashes = new Map<string, string>()
  readonly #names: Set<string>[] = Array.from({ length: bucketCount }, () => new Set())
  readonly #digests: (Buffer | null)[] = new Array(bucketCount).fill(null)

  constructor(entries: Iterable<readonly [name: string, hash: string]> = []) {
    for (const [name, hash] of entries) this.set(name, hash)
  }

  get size(): number {
    return this.#hashes.size
  }

  get(name: string): string | undefined {
    return this.#hashes.get(name)
  }

  has(name: string): boolean {
    return this.#hashes.has(name)
  }

  entries(): IterableIterator<[name: string, hash: string]> {
    return this.#hashes.entries()
  }

  names(): IterableIterator<string> {
    return this.#hashes.keys()
  }

  set(name: string, hash: string): void {
    if (this.#hashes.get(name) === hash) return
    this.#hashes.set(name, hash)
    this.#touch(name).add(name)
  }

  delete(name: string): void {
    if (this.#hashes.delete(name)) this.#touch(name).delete(name)
  }

  copy(): FileTree {
    return new FileTree(this.#hashes)
  }

  /** SHA-256 over the buckets' digests, lowercase hex. */
  digest(): string {
    const all = createHash('sha256')
    for (let bucket = 0; bucket < bucketCount; bucket++) all.update(this.#bucketDigest(bucket))
    return all.digest('hex')
  }

  #touch(name: string): Set<string> {
    const bucket = bucketOf(name)
    this.#digests[bucket] = null
    return this.#names[bucket]!
  }

  #bucketDigest(bucket: number): Buffer {
    const known = this.#digests[bucket]
    if (known) return known
    const lines = [...this.#names[bucket]!].sort().map((name) => `${name}\0${this.#hashes.get(name)}\n`)
    const digest = Buffer.from(sha256(lines.join('')), 'hex')
    this.#digests[bucket] = digest
    return digest
  }
}

/** Stable and cheap (FNV-1a), not secret: it only spreads names. */
function bucketOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 16)) & 0xff
}
