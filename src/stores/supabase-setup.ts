import { SessionError } from '../errors.js'
import { systemClock } from '../ports/index.js'
import { openStorage, type StorageAccess } from './supabase-client.js'
import { storageError } from './supabase-errors.js'
import { describeSupabaseKey } from './supabase-key.js'
import { type BucketSettings, readBucket, refuseVisitorKey } from './supabase-proof.js'

export interface SupabaseSetupOptions {
  readonly url: string
  readonly key: string
  readonly bucket: string
  /** The bucket's size limit. Default 52,428,800 (50 MB), what a hosted project allows at most on the free plan. */
  readonly maxObjectBytes?: number
  readonly timeoutMs?: number
  readonly fetch?: typeof fetch
}

const allowedTypes = ['application/json']

const policyNote =
  'access policies: not settable through the API; run prisma/supabase-storage.sql in the SQL editor of the project'

/**
 * Creates the bucket, or mends its settings: private, with a size limit, JSON documents only. Safe to run again.
 * The returned lines say what was done; the last one says what only a person can do.
 * @throws SessionError `invalid` · `denied` · `unavailable` · `tooLarge` the project allows no such limit
 */
export async function setupSupabaseBucket(options: SupabaseSetupOptions): Promise<{ actions: string[] }> {
  const kind = describeSupabaseKey(options.key.trim())
  refuseVisitorKey(kind)
  const maxObjectBytes = options.maxObjectBytes ?? 52_428_800
  if (!Number.isSafeInteger(maxObjectBytes) || maxObjectBytes <= 0) {
    throw new SessionError('invalid', 'maxObjectBytes must be a whole number of bytes above 0.')
  }
  const access = openStorage({ ...options, clock: systemClock })
  const existing = await readBucket(access, kind).catch((error: unknown) => {
    if (error instanceof SessionError && error.code === 'missing') return null
    throw error
  })
  const done =
    existing === null
      ? await createBucket(access, maxObjectBytes)
      : await mendBucket(access, existing, maxObjectBytes)
  return { actions: [...done, policyNote] }
}

async function createBucket(access: StorageAccess, maxObjectBytes: number): Promise<string[]> {
  const { error } = await access.storage.createBucket(access.bucket, {
    public: false,
    fileSizeLimit: maxObjectBytes,
    allowedMimeTypes: allowedTypes,
  })
  if (error !== null) throw storageError('create the bucket', error)
  return [`created bucket "${access.bucket}": private, at most ${maxObjectBytes} bytes an object, JSON only`]
}

async function mendBucket(
  access: StorageAccess,
  found: BucketSettings,
  maxObjectBytes: number,
): Promise<string[]> {
  const changes = neededChanges(found, maxObjectBytes)
  if (changes.length === 0) return [`bucket "${access.bucket}": nothing to do`]
  const { error } = await access.storage.updateBucket(access.bucket, {
    public: false,
    fileSizeLimit: limitToSet(found, maxObjectBytes),
    allowedMimeTypes: allowedTypes,
  })
  if (error !== null) throw storageError('change the bucket', error)
  return changes.map((change) => `bucket "${access.bucket}": ${change}`)
}

function neededChanges(found: BucketSettings, maxObjectBytes: number): string[] {
  const types = found.allowed_mime_types ?? []
  const limit = found.file_size_limit ?? null
  const changes: string[] = []
  if (found.public) changes.push('made private (it was public: anyone could read sessions by their name)')
  if (limit === null) changes.push(`size limit set to ${maxObjectBytes} bytes (there was none)`)
  else if (limit < maxObjectBytes) changes.push(`size limit raised from ${limit} to ${maxObjectBytes} bytes`)
  if (types.length !== 1 || types[0] !== allowedTypes[0]) {
    changes.push(`allowed types set to application/json (was ${types.join(', ') || 'any'})`)
  }
  return changes
}

/** A larger limit that someone chose is kept. */
function limitToSet(found: BucketSettings, maxObjectBytes: number): number {
  return Math.max(found.file_size_limit ?? 0, maxObjectBytes)
}
