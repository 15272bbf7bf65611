import { SessionError } from '../errors.js'
import type { StorageAccess } from './supabase-client.js'
import { answerTo, isNotFound, storageError, unbelievable } from './supabase-errors.js'
import { describeSupabaseKey, type SupabaseKeyKind } from './supabase-key.js'

/** A bucket's settings as the server tells them. */
export interface BucketSettings {
  readonly id: string
  readonly public: boolean
  readonly file_size_limit?: number | null
  readonly allowed_mime_types?: readonly string[] | null
}

/**
 * Refuses keys that can only ever see an empty bucket, before any request.
 * @throws SessionError `denied`
 */
export function refuseVisitorKey(kind: SupabaseKeyKind): void {
  if (kind !== 'anon' && kind !== 'publishable') return
  const what = kind === 'publishable' ? 'a publishable key (sb_publishable_…)' : 'an anon or user key'
  throw new SessionError(
    'denied',
    `The Supabase key is ${what}: to it every bucket looks empty, so sessions would seem never to have existed. Set SUPABASE_SERVICE_KEY to the service_role key or an sb_secret_ key of the project.`,
  )
}

/**
 * The bucket's settings.
 * @throws SessionError `missing` proven absent with a key that may see it · `denied` · `unavailable`
 */
export async function readBucket(access: StorageAccess, kind: SupabaseKeyKind): Promise<BucketSettings> {
  const action = 'show the bucket'
  const { data, error } = await answerTo(action, access.storage.getBucket(access.bucket))
  if (error !== null) throw bucketError(action, error, access.bucket, kind)
  if (typeof data !== 'object' || data === null || data.id !== access.bucket) {
    throw unbelievable(action, 'the answer does not describe the bucket')
  }
  return data
}

function bucketError(action: string, error: unknown, bucket: string, kind: SupabaseKeyKind): Error {
  const absent = isNotFound(error)
  if (absent === null) return storageError(action, error)
  if (absent !== 'bucket') return unbelievable(action, 'a 404 came that is not the storage server’s', error)
  if (kind === 'unknown') {
    return new SessionError(
      'denied',
      `The bucket "${bucket}" does not exist, or the key, which is of no known kind, may not see it. Set SUPABASE_SERVICE_KEY to the service_role key or an sb_secret_ key.`,
      { cause: error },
    )
  }
  return new SessionError(
    'missing',
    `The bucket "${bucket}" does not exist in this Supabase project. Run "session-supervisor setup", or set SUPABASE_BUCKET.`,
    { cause: error },
  )
}

/**
 * Makes "nothing there" believable. A bad key gets `404` on a download and an empty list, exactly as an empty account
 * does. So nothing is believed only when getBucket succeeded with the same key both before the look-up and after it:
 * a key that ran out, or came to be valid, in between is caught.
 */
export class BucketProof {
  readonly #access: StorageAccess
  readonly #kind: SupabaseKeyKind
  #proven = false

  constructor(access: StorageAccess, key: string) {
    this.#access = access
    this.#kind = describeSupabaseKey(key.trim())
  }

  /** @throws SessionError `denied` for an anon or publishable key */
  refuseVisitors(): void {
    refuseVisitorKey(this.#kind)
  }

  /** Looks now. @throws SessionError `missing` (bucket) · `denied` · `unavailable` */
  async renew(): Promise<void> {
    this.refuseVisitors()
    this.#proven = false
    await readBucket(this.#access, this.#kind)
    this.#proven = true
  }

  /** Runs a look-up; when it finds nothing, that is proven before it is returned. */
  async around<T>(lookUp: () => Promise<T>, isNothing: (found: T) => boolean): Promise<T> {
    if (!this.#proven) await this.renew()
    const found = await lookUp()
    if (isNothing(found)) await this.renew()
    return found
  }

  /** After an error that puts the key or the bucket in doubt. */
  doubt(): void {
    this.#proven = false
  }
}
