import type { LinkStatus } from '../machines/index.js'
import { SessionError } from './errors.js'
import type { SessionStatus } from './ports/index.js'
import type { AwaitedState, CloseResult, Session } from './session-api.js'

/**
 * What is kept of a session that is over. The machine, the folder's state and the socket are not: a host that hands
 * on ten thousand tenants would hold 140 kB for each.
 */
export class EndedSession<Socket> implements Session<Socket> {
  readonly tenantId: string
  readonly state: string
  readonly status: SessionStatus
  readonly link: LinkStatus
  readonly linkWait = null
  readonly socket = null
  readonly unprotected: Session['unprotected']
  readonly generation: number
  readonly lastError: string | null
  readonly result: CloseResult
  /** When its user stopped it, by this process's clock; null when it ended otherwise. */
  readonly stoppedAt: number | null

  constructor(
    session: Session<Socket> & { isStoppedHere: boolean },
    { result, now }: { result: CloseResult; now: number },
  ) {
    this.tenantId = session.tenantId
    this.state = session.state
    this.status = session.status
    this.link = session.link
    this.unprotected = { changes: result.unsaved, since: null, ageMs: 0, preKeys: 0 }
    this.generation = session.generation
    this.lastError = session.lastError
    this.result = result
    this.stoppedAt = session.isStoppedHere ? now : null
  }

  async waitFor(state: AwaitedState): Promise<void> {
    if (state !== 'closed') throw this.#ended(`before it was ${state}`)
  }

  async untilLinked(): Promise<void> {}

  async backupNow(): Promise<void> {
    throw this.#ended('before the backup')
  }

  auditNow(): Promise<void> {
    return this.backupNow()
  }

  async stop(): Promise<CloseResult> {
    return this.result
  }

  async end(): Promise<CloseResult> {
    return this.result
  }

  async untilOpened(): Promise<void> {}

  async logout(): Promise<CloseResult> {
    return logoutResult(this.tenantId, this.result)
  }

  #ended(when: string): SessionError {
    return endedError(this.tenantId, this.result, when)
  }
}

export function endedError(tenantId: string, { reason }: CloseResult, when: string): SessionError {
  return new SessionError('ended', `Session of tenant ${tenantId} ended (${reason}) ${when}.`)
}

/** WhatsApp does not let it in, and it is still ours: it can be started again only to be deleted. */
export function mayBeForced({ reason }: CloseResult): boolean {
  return notLetIn.includes(reason)
}

const notLetIn: readonly CloseResult['reason'][] = [
  'banned',
  'temporarilyBanned',
  'outdated',
  'notMultiDevice',
  'replaced',
  'unavailable',
  'failed',
]

/** A logout that did not happen must not look like one. @throws SessionError `ended` */
export function logoutResult(tenantId: string, result: CloseResult): CloseResult {
  if (result.reason === 'deleted') return result
  const force = mayBeForced(result) ? ' Force deletes it all the same; the device then stays linked.' : ''
  throw new SessionError(
    'ended',
    `Tenant ${tenantId} was not logged out: its session ended (${result.reason}) before. Nothing was deleted.${force}`,
  )
}
