import type { Logger } from '../ports/index.js'
import type { Session } from '../session-api.js'
import type { Supervisor } from '../supervisor.js'
import { codeLines } from './qr.js'
import type { Screen } from './screen.js'

export interface AnnounceOptions {
  readonly supervisor: Pick<Supervisor<unknown>, 'on' | 'get'>
  readonly logger: Logger
  /** Where codes may be drawn; null when nobody watches, and then no code is ever written. */
  readonly screen: Screen | null
}

/** Tells of what matters to a person: who is connected, who waits, whose code is ready. */
export function announceSessions({ supervisor, logger, screen }: AnnounceOptions): void {
  const told = new Map<string, string>()
  const pairing = new Set<string>()

  const show = (tenantId: string, kind: 'qr' | 'pairingCode', code: string) => {
    const isNew = !pairing.has(tenantId)
    pairing.add(tenantId)
    // Codes of several tenants would scroll each other away.
    if (screen !== null && pairing.size === 1) screen.draw(codeLines(tenantId, kind, code, screen))
    else if (isNew) {
      logger.info(
        { tenantId },
        `a code to link the device is ready: npx session-supervisor tenant code ${tenantId}`,
      )
    }
  }
  supervisor.on('qr', ({ tenantId, qr }) => show(tenantId, 'qr', qr))
  supervisor.on('pairingCode', ({ tenantId, code }) => show(tenantId, 'pairingCode', code))
  supervisor.on('changed', ({ tenantId }) => {
    const session = supervisor.get(tenantId)
    if (!session) return
    if (session.link !== 'pairing' && pairing.delete(tenantId)) screen?.erase()
    const line = describe(session)
    if (line === null || told.get(tenantId) === line) return
    told.set(tenantId, line)
    logger.info({ tenantId }, line)
  })
  supervisor.on('closed', ({ tenantId }) => {
    pairing.delete(tenantId)
    told.delete(tenantId)
  })
}

/** Null: nothing to tell. The end of a session is logged by the supervisor. */
function describe(session: Session): string | null {
  if (session.result !== null || session.state.startsWith('clos')) return null
  if (session.state === 'restoring.waiting') {
    return session.lastError === 'leased'
      ? 'runs on another host; waiting for it to end'
      : `cannot be restored yet (${session.lastError}); it is tried again`
  }
  if (session.link === 'open') return 'connected'
  if (session.link === 'waiting') return 'disconnected; it reconnects soon'
  return null
}
