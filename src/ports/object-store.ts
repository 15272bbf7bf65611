/** One stored object, as a listing shows it. */
export interface ObjectInfo {
  readonly key: string
  readonly bytes: number
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly createdAt: number
}

/** What restoring needs of a store. */
export type ObjectSource = Pick<ObjectStore, 'get' | 'list'>

/**
 * Where generations are kept: immutable objects under names that are used once.
 *
 * Keys are `{tenantId}/…`, segments of `A-Za-z0-9_.@-` joined by `/`. A driver refuses any other key (`invalid`).
 * Bodies are JSON documents. Every method rejects with a SessionError; `unavailable` after a write means that the
 * write may or may not have taken effect.
 */
export interface ObjectStore {
  /** What it is, for people: `memory`, `directory`, `supabase`. */
  readonly name: string

  /**
   * Proves that the store answers, its bucket exists and the credentials may use it. "Absent" is only proven by a
   * look-up after this has succeeded.
   * @throws `unavailable` try later · `denied` the key is refused · `missing` the bucket does not exist
   */
  check(): Promise<void>

  /**
   * Stores a new object, whole or not at all; resolves when it is durable in the store.
   * @throws `exists` the name is taken (what it holds is untouched) · `tooLarge` · `denied` · `missing` (bucket) · `unavailable` · `diskFull`
   */
  put(key: string, body: Uint8Array): Promise<void>

  /**
   * The whole object.
   * @throws `missing` only when proven absent · `unavailable` · `denied`
   */
  get(key: string): Promise<Uint8Array>

  /**
   * Every object whose key starts with `prefix` (a tenant's folder or deeper, ending in `/`), in key order, all pages.
   * An empty result is proof of absence: the driver has made sure that the bucket exists and may be read.
   * @throws `unavailable` · `denied` · `missing` (bucket)
   */
  list(prefix: string): Promise<ObjectInfo[]>

  /** The first folders, which are the tenant ids that have objects, sorted. Same errors and proof as `list`. */
  listTenants(): Promise<string[]>

  /** Deletes objects; names that do not exist are fine. Sent in batches of at most 500. */
  remove(keys: readonly string[]): Promise<void>

  /** Ends timers and sockets of the driver; later calls reject with `closed`. */
  close(): Promise<void>
}
