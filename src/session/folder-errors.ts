import { SessionError } from '../errors.js'
import { keyFileType } from '../ports/key-file-name.js'

export function closedError(): SessionError {
  return new SessionError('closed', 'The session folder is closed; this write or read came too late.')
}

export function damagedError(name: string): SessionError {
  const message = `A ${keyFileType(name)} file is damaged; heal it from the committed generation or restore the session.`
  return new SessionError('corrupt', message)
}

export function flawedError(count: number): SessionError {
  const message = `${count} session files are damaged or gone; heal them from the committed generation, then take the snapshot.`
  return new SessionError('corrupt', message)
}
