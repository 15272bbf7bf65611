import { isDefect, isSessionError, SessionError } from '../errors.js'
import type { Session } from '../session-api.js'
import { type Reply, refusal } from './reply.js'

/** After these nothing is tried again by this session: another owner has it, or it is over. */
const isOver = ['fenced', 'closed', 'ended'] as const

/**
 * The failure of a backup that was asked for, with how many changes are unprotected and what becomes of them.
 * @throws SessionError of the same code
 */
export function notBackedUp(session: Session | undefined, error: unknown): Reply {
  const changes = session?.unprotected.changes ?? 0
  if (session === undefined || changes === 0) throw error
  const [are, theyStay] =
    changes === 1 ? ['1 change is', 'It stays'] : [`${changes} changes are`, 'They stay']
  const where = `Tenant ${session.tenantId} is not backed up: ${are} on the disk of the server only.`
  const next = isSessionError(error, ...isOver)
    ? `${theyStay} there for the next start on this disk.`
    : `${theyStay} there, and the backup is tried again by itself.`
  if (isSessionError(error)) {
    throw new SessionError(error.code, `${where} ${next} The reason: ${error.message}`, { cause: error })
  }
  if (!isDefect(error)) throw error
  // The session has logged it, with its place.
  const report = 'The reason is a defect of the server: please report it with the stack in its log.'
  return refusal(500, 'internal', `${where} ${next} ${report}`)
}
