import { SessionError } from '../errors.js'

/**
 * What a failure of the file system means. `doing` completes "could not …". The cause keeps the error's code only:
 * Node's own message holds the path, and names of key files hold phone numbers.
 */
export function diskError(error: unknown, doing: string): SessionError {
  if (error instanceof SessionError) return error
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

/** Runs `work`; a failure of the file system becomes a SessionError. */
export function onDisk<T>(doing: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw diskError(error, doing)
  }
}
