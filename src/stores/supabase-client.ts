import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { WebSocket } from 'ws'
import { SessionError } from '../errors.js'
import type { Clock } from '../ports/index.js'
import { type BoundedFetch, boundedFetch } from './supabase-fetch.js'

export interface SupabaseAccess {
  /** Project URL, e.g. `https://abcdefgh.supabase.co`; without credentials in it. */
  readonly url: string
  /** The service key (SUPABASE_SERVICE_KEY). */
  readonly key: string
  readonly bucket: string
  /** Of one request with its whole answer. Default 30,000: without a limit the client waits 301 s (measured). */
  readonly timeoutMs?: number
  /** In place of the global fetch. */
  readonly fetch?: typeof fetch
  readonly clock: Clock
}

/** Storage of one project, with every request bounded in time. */
export interface StorageAccess {
  readonly bucket: string
  readonly storage: SupabaseClient['storage']
  readonly requests: BoundedFetch
}

const bucketAlphabet = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$/

/** @throws SessionError `invalid` before any request, without ever quoting the key or the URL */
export function openStorage(access: SupabaseAccess): StorageAccess {
  const url = checkUrl(access.url)
  const key = checkKey(access.key)
  checkBucket(access.bucket)
  const requests = boundedFetch({
    fetch: access.fetch ?? globalThis.fetch,
    timeoutMs: access.timeoutMs ?? 30_000,
    clock: access.clock,
  })
  const client = createClient(url, key, {
    // With a token of our own there is no auth client: no timers, no stored session, no lock around each request.
    accessToken: async () => key,
    global: { fetch: requests.fetch },
    // Never connected; but on Node 20 the client refuses to be made without a WebSocket class.
    realtime: { transport: WebSocket as never },
  })
  return { bucket: access.bucket, storage: client.storage, requests }
}

function checkUrl(value: string): string {
  let url: URL
  try {
    url = new URL(value.trim())
  } catch {
    throw new SessionError(
      'invalid',
      'SUPABASE_URL is not a URL; it looks like https://<project>.supabase.co.',
    )
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new SessionError('invalid', 'SUPABASE_URL must start with https:// or http://.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new SessionError(
      'invalid',
      'SUPABASE_URL holds a user name or password; take them out, the key goes into SUPABASE_SERVICE_KEY.',
    )
  }
  return url.href
}

/** Anything else would be refused by fetch with a message that quotes the whole header, key included. */
function checkKey(value: string): string {
  const key = value.trim()
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new SessionError(
    'invalid',
    key === ''
      ? 'The Supabase key is empty; set SUPABASE_SERVICE_KEY.'
      : 'The Supabase key holds spaces, line breaks or non-ASCII characters; copy it again into SUPABASE_SERVICE_KEY.',
  )
}

/** The client does not encode paths, so a bucket name is held to a safe alphabet as keys are. */
function checkBucket(bucket: string): void {
  if (bucketAlphabet.test(bucket) && !bucket.includes('..')) return
  throw new SessionError(
    'invalid',
    'The bucket name was refused: use 1 to 100 characters of A-Z a-z 0-9 _ - ., not starting with a dot (SUPABASE_BUCKET).',
  )
}
