import { sha256, sha256Bytes } from './hash.js'
import { hashOfName, NameIndex } from './name-index.js'

const bucketCount = 256
const hashBytes = 32
const emptyBucket = sha256Bytes('')
const noBuckets = Buffer.concat(Array.from({ length: bucketCount }, () => emptyBucket))
const leastCapacity = 8

/** A tree on its way to another thread. */
export interface TreeColumns {
  readonly names: string[]
  /** 32 bytes a name. */
  readonly hashes: Uint8Array<ArrayBuffer>
  readonly buckets: Uint8Array<ArrayBuffer>
  /** Of all buckets, up to date. */
  readonly digests: Uint8Array<ArrayBuffer>
}

/**
 * A set of key files by name and hash, with a digest over the whole set that costs only what changed: names are
 * spread over 256 buckets, a changed name re-hashes its own bucket and the list of buckets (860 files: about 3 names
 * a bucket). Two trees have the same digest exactly when they hold the same names with the same hashes.
 *
 * One is in memory for each connected session, so it is kept in columns: about 60 bytes a file.
 */
export class FileTree {
  #index = new NameIndex()
  /** By slot: 32 bytes of hash, and the bucket of the name. */
  #hashes = Buffer.alloc(leastCapacity * hashBytes)
  #buckets = new Uint8Array(leastCapacity)
  /** The digests of all buckets, one after the other; those of `#stale` are not up to date. */
  #digests = Buffer.from(noBuckets)
  #stale: Set<number> | null = null
  #digest: string | null = null

  /** @param entries hashes are SHA-256 in hex */
  constructor(entries: Iterable<readonly [name: string, hash: string]> = []) {
    for (const [name, hash] of entries) this.set(name, hash)
  }

  get size(): number {
    return this.#index.size
  }

  /** A number that stays the name's until it is deleted, for columns of the caller's; -1 when it is not in the set. */
  slotOf(name: string): number {
    return this.#index.slotOf(name)
  }

  get(name: string): string | undefined {
    const slot = this.#index.slotOf(name)
    return slot < 0 ? undefined : this.#hashAt(slot)
  }

  has(name: string): boolean {
    return this.#index.slotOf(name) >= 0
  }

  *entries(): Generator<[name: string, hash: string]> {
    for (let slot = 0; slot < this.#index.slots; slot++) {
      const name = this.#index.nameOf(slot)
      if (name !== undefined) yield [name, this.#hashAt(slot)]
    }
  }

  names(): Generator<string> {
    return this.#index.names()
  }

  set(name: string, hash: string): void {
    if (this.get(name) === hash) return
    if (hash.length !== 2 * hashBytes) throw new TypeError('Expected a SHA-256 of 64 hexadecimal digits.')
    const slot = this.#index.add(name)
    if (slot >= this.#buckets.length) this.#grow()
    const bucket = bucketOf(name)
    this.#buckets[slot] = bucket
    this.#hashes.write(hash, slot * hashBytes, hashBytes, 'hex')
    this.#touch(bucket)
  }

  delete(name: string): void {
    const slot = this.#index.remove(name)
    if (slot >= 0) this.#touch(this.#buckets[slot]!)
  }

  copy(): FileTree {
    const copy = new FileTree()
    copy.#index = this.#index.copy()
    const slots = Math.max(this.#index.slots, leastCapacity)
    copy.#hashes = Buffer.from(this.#hashes.subarray(0, slots * hashBytes))
    copy.#buckets = this.#buckets.slice(0, slots)
    copy.#digests = Buffer.from(this.#digests)
    copy.#stale = this.#stale && new Set(this.#stale)
    copy.#digest = this.#digest
    return copy
  }

  /** @param columns as another tree gave them, never anything from outside: they are believed, and become the tree's own */
  static of({ names, hashes, buckets, digests }: TreeColumns): FileTree {
    const tree = new FileTree()
    tree.#index = NameIndex.of(names)
    tree.#hashes = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength)
    tree.#buckets = buckets
    tree.#digests = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength)
    return tree
  }

  /** Only the digests are shared with the tree, until it changes. */
  columns(): TreeColumns {
    this.digest()
    const names = [...this.names()]
    const capacity = Math.max(names.length, leastCapacity)
    const hashes = Buffer.alloc(capacity * hashBytes)
    const buckets = new Uint8Array(capacity)
    for (const [at, name] of names.entries()) {
      const slot = this.#index.slotOf(name)
      this.#hashes.copy(hashes, at * hashBytes, slot * hashBytes, (slot + 1) * hashBytes)
      buckets[at] = this.#buckets[slot]!
    }
    return { names, hashes, buckets, digests: this.#digests }
  }

  /** SHA-256 over the buckets' digests, lowercase hex. */
  digest(): string {
    if (this.#stale) for (const [bucket, names] of this.#namesIn(this.#stale)) this.#renew(bucket, names)
    this.#stale = null
    this.#digest ??= sha256(this.#digests)
    return this.#digest
  }

  #hashAt(slot: number): string {
    return this.#hashes.toString('hex', slot * hashBytes, (slot + 1) * hashBytes)
  }

  #touch(bucket: number): void {
    this.#digest = null
    this.#stale ??= new Set()
    this.#stale.add(bucket)
  }

  /** A quarter at a time: what is not used costs memory for each tenant. */
  #grow(): void {
    const capacity = Math.ceil(this.#buckets.length * 1.25)
    const hashes = Buffer.alloc(capacity * hashBytes)
    this.#hashes.copy(hashes)
    this.#hashes = hashes
    const buckets = new Uint8Array(capacity)
    buckets.set(this.#buckets)
    this.#buckets = buckets
  }

  #namesIn(buckets: ReadonlySet<number>): Map<number, string[]> {
    const names = new Map<number, string[]>([...buckets].map((bucket) => [bucket, []]))
    for (let slot = 0; slot < this.#index.slots; slot++) {
      const name = names.get(this.#buckets[slot]!) && this.#index.nameOf(slot)
      if (name !== undefined) names.get(this.#buckets[slot]!)!.push(name)
    }
    return names
  }

  #renew(bucket: number, names: string[]): void {
    const lines = names.sort().map((name) => `${name}\0${this.get(name)}\n`)
    const digest = names.length === 0 ? emptyBucket : sha256Bytes(lines.join(''))
    digest.copy(this.#digests, bucket * hashBytes)
  }
}

function bucketOf(name: string): number {
  const hash = hashOfName(name)
  return (hash ^ (hash >>> 16)) & 0xff
}
