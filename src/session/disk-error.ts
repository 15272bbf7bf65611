import { isDefect, SessionError } from '../errors.js'

/**
 * What a failure of the file system means. `doing` completes "could not …". The cause keeps the error's code only:
 * Node's own message holds the path, and names of key files hold phone numbers. A defect of the program is no failure
 * of the disk and stays what it is.
 */
export function diskError(error: unknown, doing: string): Error {
  if (error instanceof SessionError || isDefect(error)) return error
  const { code = 'unknown error', syscall = 'file system' } = error as NodeJS.ErrnoException
  const cause = Object.assign(new Error(`${code} (${syscall})`), { code })
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SessionError('diskFull', `Could not ${doing}: the disk is full; free some space.`, { cause })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const message = `Could not ${doing}: ${code}; make the session directory writable for this user.`
    return new SessionError('denied', message, { cause })
  }
  return new SessionError('unavailable', `Could not ${doing}: ${code}; look at the disk, then try again.`, {
    cause,
  })
}

/** Runs `work`; a failure of the file system becomes a SessionError. @throws a defect as itself */
export function onDisk<T>(doing: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw diskError(error, doing)
  }
}
