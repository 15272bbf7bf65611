import type { Logger } from '../ports/index.js'
import type { Session } from '../session-api.js'
import type { Supervisor } from '../supervisor.js'
import { codeLines } from './qr.js'

export interface AnnounceOptions {
  readonly supervisor: Pick<Supervisor<unknown>, 'on' | 'get'>
  readonly logger: Logger
  /** Where codes may be drawn; null when nobody watches, and then no code is ever written. */
  readonly terminal: { readonly columns: () => number; readonly write: (text: string) => void } | null
}

/** Tells of what matters to a person: who is connected, who waits, whose code is ready. */
export function announceSessions({ supervisor, logger, terminal }: AnnounceOptions): void {
  const told = new Map<string, string>()
  const pairing = new Set<string>()

  const show = (tenantId: string, kind: 'qr' | 'pairingCode', code: string) => {
    const isNew = !pairing.has(tenantId)
    pairing.add(tenantId)
    // Codes of several tenants would scroll each other away.
    const isDrawn = terminal !== null && pairing.size === 1
    if (isDrawn) terminal.write(`${codeLines(tenantId, kind, code, terminal.columns()).join('\n')}\n`)
    else if (isNew) {
      logger.info(
        { tenantId },
        `a code to link the device is ready: session-supervisor tenant code ${tenantId}`,
      )
    }
  }
  supervisor.on('qr', ({ tenantId, qr }) => show(tenantId, 'qr', qr))
  supervisor.on('pairingCode', ({ tenantId, code }) => show(tenantId, 'pairingCode', code))
  supervisor.on('changed', ({ tenantId }) => {
    const session = supervisor.get(tenantId)
    if (!session) return
    if (session.link !== 'pairing') pairing.delete(tenantId)
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
