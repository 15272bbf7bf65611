import { type ErrorCode, isDefect, SessionError } from '../errors.js'

/** The `code` of a file system error (`ENOENT` …), or null. */
export function errnoOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : null
}

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'diskFull',
  EDQUOT: 'diskFull',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENAMETOOLONG: 'invalid',
}

const advice: Partial<Record<ErrorCode, string>> = {
  diskFull: 'free some space; nothing was stored',
  denied: 'make the directory readable and writable for this user',
  invalid: 'use a shorter name',
  unavailable: 'check the disk or mount, then try again',
}

/** A file system error as an error of this package; a defect of the program stays what it is. */
export function directoryError(action: string, error: unknown): Error {
  if (isDefect(error)) return error
  const errno = errnoOf(error)
  const code = (errno !== null && codes[errno]) || 'unavailable'
  return new SessionError(
    code,
    `The directory store did not ${action} (${errno ?? 'unknown error'}): ${advice[code]}.`,
    { cause: error },
  )
}

/** For what happens after the object's name is in place: it may or may not outlive a power cut. */
export function unsure(action: string, error: unknown): Error {
  if (isDefect(error)) return error
  return new SessionError(
    'unavailable',
    `The directory store could not make sure that it did ${action} (${errnoOf(error) ?? 'unknown error'}): it may or may not have taken effect.`,
    { cause: error },
  )
}
