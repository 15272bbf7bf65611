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

/** What was thrown, as an error: a program may throw anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
