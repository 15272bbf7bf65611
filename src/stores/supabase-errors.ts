import { type ErrorCode, isDefect, SessionError } from '../errors.js'

/** What the client returns: `StorageApiError` (an answer), `StorageUnknownError` (none), or anything thrown. */
interface StorageFailure {
  readonly status?: number
  /** The real code, as text; the HTTP status is 400 for nearly everything (measured on the real server). */
  readonly statusCode?: string
  readonly message?: string
  readonly originalError?: unknown
}

/** Not 400: the server uses it for a broken upload stream too, and names are checked before they are sent. */
const codes: Readonly<Record<string, ErrorCode>> = {
  '401': 'denied',
  '403': 'denied',
  '409': 'exists',
  '413': 'tooLarge',
  '415': 'denied',
}

const advice: Partial<Record<ErrorCode, string>> = {
  denied: 'check SUPABASE_SERVICE_KEY (the service_role or sb_secret_ key of this project)',
  exists: 'what it holds was left as it is',
  tooLarge: "raise the bucket's or the project's size limit, or lower maxObjectBytes",
  unavailable: 'try again later',
}

/**
 * Turns what the storage client gave into an error of this package. A 404 is never turned into `missing` here:
 * a bad key gets one too, so it is a question (see {@link isNotFound}), not an answer. A defect on the way to the request
 * comes through as itself: the client takes whatever `fetch` throws for a network that failed.
 */
export function storageError(action: string, failure: unknown): Error {
  const given = asFailure(failure)
  if (isDefect(given.originalError)) return given.originalError
  const { statusCode, message } = given
  if (statusCode === '415') {
    return new SessionError(
      'denied',
      `Supabase Storage did not ${action}: the bucket does not allow application/json. Run "session-supervisor setup" or add it to the bucket's allowed MIME types.`,
      { cause: failure },
    )
  }
  const code = (statusCode !== undefined && codes[statusCode]) || 'unavailable'
  const reason = [plain(message) ?? 'no reason given', networkCode(given)].filter(Boolean).join(' ')
  const isNotReached = code === 'unavailable' && networkCode(given) !== null
  const toDo = isNotReached
    ? 'check SUPABASE_URL and the network, then try again later'
    : (advice[code] ?? 'see the cause')
  return new SessionError(code, `Supabase Storage did not ${action}: ${reason}; ${toDo}.`, { cause: failure })
}

/** What the client throws, rather than returns, it throws for an answer that it does not understand. */
export async function answerTo<T>(action: string, request: Promise<T>): Promise<T> {
  return await request.catch((error: unknown) => {
    throw storageError(action, error)
  })
}

/** Which absence a 404 tells of. `other` is a 404 that the storage server did not write: a proxy, a wrong URL. */
export function isNotFound(failure: unknown): 'object' | 'bucket' | 'other' | null {
  const { statusCode, message } = asFailure(failure)
  if (statusCode !== '404') return null
  if (message === 'Object not found') return 'object'
  return message === 'Bucket not found' ? 'bucket' : 'other'
}

export function unbelievable(action: string, problem: string, cause?: unknown): SessionError {
  return new SessionError(
    'unavailable',
    `Supabase Storage did not ${action}: ${problem}, which proves nothing; check that SUPABASE_URL is the project's URL and try again later.`,
    { cause },
  )
}

function asFailure(failure: unknown): StorageFailure {
  return typeof failure === 'object' && failure !== null ? (failure as StorageFailure) : {}
}

/** The server's own words, unless they may quote a name or are a whole error page. */
function plain(message: string | undefined): string | null {
  if (message === undefined || message === '' || message === '{}') return null
  if (/^invalid key/i.test(message)) return 'it takes the name for an invalid key'
  return message.length > 200 || message.includes('<') ? 'it answered with an error page' : message
}

/** `ECONNREFUSED`, `UND_ERR_SOCKET` …: what fetch hides two levels down. */
function networkCode(failure: StorageFailure): string | null {
  const cause = (failure.originalError as { cause?: { code?: unknown } } | undefined)?.cause
  return typeof cause?.code === 'string' ? cause.code : null
}
