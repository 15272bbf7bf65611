/**
 * Every way this package fails, each tied to what the caller can do about it.
 *
 * - `invalid`: the caller's input is wrong; fix it. Nothing was touched.
 * - `unavailable`: the store or registry did not answer, or its answer proves nothing; try again later.
 *   After a write it means "may or may not have taken effect".
 * - `denied`: the store or registry refused the credentials; a person must fix them.
 * - `missing`: proven absent.
 * - `exists`: a name that may be used once is taken.
 * - `tooLarge`: over a limit of the store.
 * - `corrupt`: bytes that do not verify; never used, never overwritten.
 * - `undecided`: it cannot be told whether a session exists; never pair, never write.
 * - `fenced`: another owner has taken over; stop, write nothing.
 * - `leased`: another owner holds the tenant now; try again after its lease ends.
 * - `closed`: the object was closed; late writes are refused.
 * - `locked`: another process uses this directory.
 * - `diskFull`: the local disk took no more bytes; nothing was lost, free some space.
 * - `timeout`: something waited for did not happen in time.
 * - `ended`: the session ended (logged out, banned, …) before what was waited for happened.
 */
export type ErrorCode =
  | 'invalid'
  | 'unavailable'
  | 'denied'
  | 'missing'
  | 'exists'
  | 'tooLarge'
  | 'corrupt'
  | 'undecided'
  | 'fenced'
  | 'leased'
  | 'closed'
  | 'locked'
  | 'diskFull'
  | 'timeout'
  | 'ended'

/** The only error class of this package. `message` says what happened and what to do; it never holds a secret. */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** True for a {@link SessionError} with one of `codes` (any code when none is given). */
export function isSessionError(error: unknown, ...codes: ErrorCode[]): error is SessionError {
  return error instanceof SessionError && (codes.length === 0 || codes.includes(error.code))
}

/** What JavaScript throws for a mistake in a program. Not `SyntaxError`: that is what parsing foreign text throws. */
const mistakes = [TypeError, RangeError, ReferenceError]

/** Thrown as one of {@link mistakes}, and the world's fault all the same: a file of over 2 GiB. */
const fileTooLarge = 'ERR_FS_FILE_TOO_LARGE'

/**
 * True for a mistake in this program, or in a part that was given to it: it comes through as itself, because an error
 * that says "not available, try again" would hide it for ever. What the system has an errno for (`EIO`, `ECONNRESET` …)
 * is never one, nor what `fetch` throws when it gets no answer.
 */
export function isDefect(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (code === 'ERR_ASSERTION') return true
  if (code === fileTooLarge || (typeof code === 'string' && /^E(?!RR_)/.test(code))) return false
  return mistakes.some((mistake) => error instanceof mistake) && !isFetchFailure(error)
}

/** What browsers and stand-ins for `fetch` say in a TypeError without a cause when nothing answers. */
const noAnswer =
  /^(fetch failed|terminated|Failed to fetch|Load failed|Network request failed|NetworkError when attempting.*)\.?$/

/** By the standard, no answer to a `fetch` is a TypeError; in Node what happened is its cause. */
function isFetchFailure(error: Error): boolean {
  return error instanceof TypeError && (error.cause instanceof Error || noAnswer.test(error.message))
}

/**
 * An error for a log: a defect with a message that says what it is and where in the program it lies. Its own words are
 * left out, because those of JavaScript quote the values at hand, which may be keys. Any other is what it was.
 */
export function forLog(error: unknown): unknown {
  if (!isDefect(error)) return error
  const { code } = error as { code?: unknown }
  return placeOf(
    error,
    `A defect of this program (${error.name}${typeof code === 'string' ? ` ${code}` : ''}): please report it with this stack.`,
  )
}

/** `message` with the place in the program where `error` was made, and none of its words: they may quote keys or chats. */
export function placeOf(error: unknown, message: string): Error {
  const told = new Error(message)
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  told.stack = [`Error: ${message}`, ...frames].join('\n')
  return told
}

/** What was thrown, as an error: a program may throw anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
