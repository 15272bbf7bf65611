import { SessionError } from '../errors.js'
import { checkTenantId } from '../ports/index.js'

const segmentAlphabet = /^[A-Za-z0-9_@-][A-Za-z0-9_.@-]*$/

/** Bytes of one path segment; a file system and the Supabase server both fail above 255 (256 is a 500 there). */
const maxSegmentBytes = 255

/** S3's limit on a whole key, which the hosted Supabase storage sits on. */
const maxKeyBytes = 1024

/**
 * Checks an object key before any call is made with it, and returns its segments.
 * Messages never hold the key itself: a tenant id may be a phone number.
 * @throws SessionError `invalid`
 */
export function checkObjectKey(key: string): [tenantId: string, ...rest: string[]] {
  if (typeof key !== 'string') throw refused('object key', 'it is not a string')
  const segments = key.split('/')
  if (segments.length < 2) throw refused('object key', 'it has no tenant folder')
  return checkSegments('object key', key, segments)
}

/**
 * Checks a prefix to list under (`{tenantId}/` or deeper, ending in `/`), and returns its segments.
 * @throws SessionError `invalid`
 */
export function checkPrefix(prefix: string): [tenantId: string, ...rest: string[]] {
  if (typeof prefix !== 'string' || !prefix.endsWith('/')) throw refused('prefix', 'it does not end in "/"')
  return checkSegments('prefix', prefix, prefix.slice(0, -1).split('/'))
}

/** True for a name that {@link checkObjectKey} accepts as one segment; anything else in a store is not ours. */
export function isSafeSegment(segment: string): boolean {
  return segment.length <= maxSegmentBytes && !segment.includes('..') && segmentAlphabet.test(segment)
}

/** True for a name that can be a tenant's folder. */
export function isTenantFolder(name: string): boolean {
  try {
    checkTenantId(name)
    return true
  } catch {
    return false
  }
}

/**
 * An empty body is never a JSON document; it is what a crash leaves behind.
 * @throws SessionError `invalid`
 */
export function checkBody(body: Uint8Array): void {
  if (!(body instanceof Uint8Array)) throw refused('body', 'it is not bytes')
  if (body.byteLength === 0) throw refused('body', 'it is empty')
}

/** Order of keys in every listing: by bytes, which for the safe alphabet is the order of JavaScript strings. */
export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

function checkSegments(what: string, whole: string, segments: string[]): [string, ...string[]] {
  if (whole.length > maxKeyBytes) throw refused(what, `it is longer than ${maxKeyBytes} bytes`)
  const [tenantId, ...rest] = segments
  checkTenantId(tenantId)
  if (!rest.every(isSafeSegment)) throw refused(what, 'a segment is empty, unsafe or too long')
  return [tenantId as string, ...rest]
}

function refused(what: string, problem: string): SessionError {
  return new SessionError(
    'invalid',
    `The ${what} was refused: ${problem}. Nothing was sent. Keys are {tenantId}/…, segments of A-Z a-z 0-9 _ . @ - joined by "/", not starting with a dot.`,
  )
}
