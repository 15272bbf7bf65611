import type { SessionFact } from './actors/host.js'
import type { PairingRequest } from './ports/index.js'
import type { CloseResult } from './session-api.js'

/** What `supervisor.on` tells of. */
export interface SupervisorEvents {
  /** A QR code to be scanned; a new one every 20 to 60 s. Secret: show it, do not log it. */
  qr: { tenantId: string; qr: string }
  /** A code to be typed on the phone. Secret: show it, do not log it. */
  pairingCode: { tenantId: string; code: string }
  /** A session's state, link or unprotected changes changed. */
  changed: { tenantId: string }
  /** What happened to a session: commits, restores, fall-backs, failures. */
  fact: SessionFact
  closed: { tenantId: string } & CloseResult
}

export interface StartOptions {
  readonly pairing?: PairingRequest
  /** False: a tenant without a session is refused instead of showing a code. Default true. */
  readonly mayPair?: boolean
}

/** How everything went down. */
export interface ShutdownResult {
  readonly sessions: number
  /** Sessions that did not get all their changes into the store in time. */
  readonly unprotected: readonly { tenantId: string; unsaved: number }[]
}
