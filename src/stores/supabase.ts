import { isDefect, isSessionError, SessionError } from '../errors.js'
import type { Clock, ObjectInfo, ObjectStore } from '../ports/index.js'
import { systemClock } from '../ports/index.js'
import { byKey, checkBody, checkObjectKey, checkPrefix, isTenantFolder } from './object-key.js'
import { OpenGate } from './open-gate.js'
import { openStorage, type StorageAccess } from './supabase-client.js'
import { answerTo, isNotFound, storageError, unbelievable } from './supabase-errors.js'
import { listFolders, listObjects } from './supabase-list.js'
import { BucketProof } from './supabase-proof.js'

export interface SupabaseStoreOptions {
  /** Project URL, e.g. `https://abcdefgh.supabase.co`. */
  readonly url: string
  /** The service key (legacy `service_role` JWT or `sb_secret_…`). */
  readonly key: string
  readonly bucket: string
  /** Of one request with its whole answer. Default 30,000. */
  readonly timeoutMs?: number
  /** In place of the global fetch. */
  readonly fetch?: typeof fetch
  /** Measures `timeoutMs`. Default: the system's. */
  readonly clock?: Clock
}

/** Names in one delete request: 1000 take about 0.5 s and 20,000 are refused (measured on the real server). */
const removeBatch = 500

/**
 * A private bucket of Supabase Storage. `put` never overwrites, but the server's check for that is not atomic: of
 * several concurrent puts of one key more than one may succeed, so names must be unique by themselves.
 * @throws SessionError `invalid` for settings that can never work, before any request
 */
export function supabaseStore(options: SupabaseStoreOptions): ObjectStore {
  return new SupabaseStore(options)
}

class SupabaseStore implements ObjectStore {
  readonly name = 'supabase'
  readonly #access: StorageAccess
  readonly #proof: BucketProof
  readonly #gate = new OpenGate()

  constructor(options: SupabaseStoreOptions) {
    this.#access = openStorage({ ...options, clock: options.clock ?? systemClock })
    this.#proof = new BucketProof(this.#access, options.key)
  }

  check(): Promise<void> {
    return this.#run(() => this.#proof.renew())
  }

  put(key: string, body: Uint8Array): Promise<void> {
    return this.#run(async () => {
      checkObjectKey(key)
      checkBody(body)
      await this.#upload(key, Buffer.from(body.buffer, body.byteOffset, body.byteLength))
    })
  }

  get(key: string): Promise<Uint8Array> {
    return this.#run(async () => {
      checkObjectKey(key)
      const found = await this.#proof.around(
        () => this.#download(key),
        (body) => body === null,
      )
      if (found !== null) return found
      throw new SessionError('missing', 'There is no object of this name in the bucket.')
    })
  }

  list(prefix: string): Promise<ObjectInfo[]> {
    return this.#run(async () => {
      checkPrefix(prefix)
      const found = await this.#proof.around(
        () => listObjects(this.#access, prefix),
        (objects) => objects.length === 0,
      )
      return found.sort(byKey)
    })
  }

  listTenants(): Promise<string[]> {
    return this.#run(async () => {
      const found = await this.#proof.around(
        () => listFolders(this.#access),
        (folders) => folders.length === 0,
      )
      return found.filter(isTenantFolder).sort()
    })
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#run(async () => {
      for (const key of keys) checkObjectKey(key)
      for (let from = 0; from < keys.length; from += removeBatch) {
        const batch = keys.slice(from, from + removeBatch)
        // "Nothing to remove" is also what a key without rights is told.
        await this.#proof.around(
          () => this.#removeBatch(batch),
          (removed) => removed < batch.length,
        )
      }
    })
  }

  async close(): Promise<void> {
    const closing = this.#gate.close()
    this.#access.requests.abortAll()
    await closing
  }

  /** One method's work, with everything that may be thrown, but a defect, turned into a SessionError. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.pass(async () => {
      try {
        this.#proof.refuseVisitors()
        return await work()
      } catch (error) {
        const known = isSessionError(error) || isDefect(error) ? error : storageError('answer in full', error)
        if (isSessionError(known, 'denied', 'unavailable')) this.#proof.doubt()
        throw known
      }
    })
  }

  #objects() {
    return this.#access.storage.from(this.#access.bucket)
  }

  async #upload(key: string, body: Buffer): Promise<void> {
    const action = 'store the object'
    // Exactly this type: without it the client says text/plain, and a charset is refused by a JSON-only bucket.
    const how = { contentType: 'application/json', upsert: false }
    const { data, error } = await answerTo(action, this.#objects().upload(key, body, how))
    if (error !== null) throw await this.#uploadError(action, error)
    if (data.fullPath !== `${this.#access.bucket}/${key}`) {
      throw unbelievable(action, 'the answer does not confirm the object')
    }
  }

  async #uploadError(action: string, error: unknown): Promise<Error> {
    if (isNotFound(error) === null) return storageError(action, error)
    // Throws what is true of the bucket; when it is there after all, the 404 proves nothing.
    await this.#proof.renew()
    return unbelievable(action, 'it said 404 although the bucket is there', error)
  }

  /** Null: the server says there is none, which is yet to be proven. */
  async #download(key: string): Promise<Uint8Array | null> {
    const action = 'return the object'
    const { data, error } = await answerTo(action, this.#objects().download(key))
    if (error !== null) {
      const absent = isNotFound(error)
      if (absent === null) throw storageError(action, error)
      if (absent === 'object') return null
      await this.#proof.renew()
      throw unbelievable(action, 'it said 404, not of the object, although the bucket is there', error)
    }
    if (data.type.startsWith('text/html')) throw unbelievable(action, 'a web page came in its place')
    return new Uint8Array(await data.arrayBuffer())
  }

  /** How many were there and are gone. */
  async #removeBatch(keys: readonly string[]): Promise<number> {
    const action = 'delete objects'
    const { data, error } = await answerTo(action, this.#objects().remove([...keys]))
    if (error !== null) throw storageError(action, error)
    if (!Array.isArray(data)) throw unbelievable(action, 'the answer is not a list')
    return data.length
  }
}
