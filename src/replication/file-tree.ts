import { sha256, sha256Bytes } from './hash.js'

const bucketCount = 256
const digestBytes = 32
const emptyBucket = sha256Bytes('')
const noBuckets = Buffer.concat(Array.from({ length: bucketCount }, () => emptyBucket))

/**
 * A set of key files by name and hash, with a digest over the whole set that costs only what changed: names are
 * spread over 256 buckets, a changed name re-hashes its own bucket and the list of buckets (860 files: about 3 names
 * a bucket). Two trees have the same digest exactly when they hold the same names with the same hashes.
 */
export class FileTree {
  readonly #hashes = new Map<string, string>()
  /** Names by bucket; buckets without names are left out. */
  readonly #names = new Map<number, Set<string>>()
  /** The digests of all buckets, one after the other; those of `#stale` are not up to date. */
  #digests = Buffer.from(noBuckets)
  readonly #stale = new Set<number>()

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
    const copy = new FileTree()
    for (const [name, hash] of this.#hashes) copy.#hashes.set(name, hash)
    for (const [bucket, names] of this.#names) copy.#names.set(bucket, new Set(names))
    for (const bucket of this.#stale) copy.#stale.add(bucket)
    copy.#digests = Buffer.from(this.#digests)
    return copy
  }

  /** SHA-256 over the buckets' digests, lowercase hex. */
  digest(): string {
    for (const bucket of this.#stale) this.#digestOf(bucket).copy(this.#digests, bucket * digestBytes)
    this.#stale.clear()
    return sha256(this.#digests)
  }

  #touch(name: string): Set<string> {
    const bucket = bucketOf(name)
    this.#stale.add(bucket)
    let names = this.#names.get(bucket)
    if (names === undefined) {
      names = new Set()
      this.#names.set(bucket, names)
    }
    return names
  }

  #digestOf(bucket: number): Buffer {
    const names = this.#names.get(bucket)
    if (names === undefined || names.size === 0) return emptyBucket
    const lines = [...names].sort().map((name) => `${name}\0${this.#hashes.get(name)}\n`)
    return sha256Bytes(lines.join(''))
  }
}

/** Stable and cheap (FNV-1a), not secret: it only spreads names. */
function bucketOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 16)) & 0xff
}
