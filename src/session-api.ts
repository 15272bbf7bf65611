import type { CloseReason, LinkStatus } from '../machines/index.js'
import type { SessionStatus } from './ports/index.js'

/** What a session ended with. */
export interface CloseResult {
  readonly reason: CloseReason
  /** Changes that no backup covers: the copy on this disk is ahead of the store. 0 after an orderly end. */
  readonly unsaved: number
  /** `notUnlinked`: remove the device by hand on the phone. `wipeFailed`: say the logout again. */
  readonly lastError: string | null
}

export type AwaitedState = 'connected' | 'pairing' | 'closed'

/** One tenant's session, while it runs and after. */
export interface Session<Socket = unknown> {
  readonly tenantId: string
  /** Path of the machine's state, e.g. `connected.clean`. */
  readonly state: string
  readonly status: SessionStatus
  readonly link: LinkStatus
  /** The newest socket; null before the first. Attach handlers through `supervisor.onSocket`, they survive reconnects. */
  readonly socket: Socket | null
  /**
   * Changed files that no backup covers, the age of the oldest in milliseconds, and how many are pre-keys: WhatsApp may
   * have handed one out to somebody whose message nobody could read after a loss.
   */
  readonly unprotected: {
    readonly changes: number
    /** When the oldest of them came, milliseconds since the Unix epoch; null when there is none, or not known. */
    readonly since: number | null
    readonly ageMs: number
    readonly preKeys: number
  }
  /** Sequence number of the newest committed backup; 0 before the first. */
  readonly generation: number
  /** Code of the last failure; null when all is well. */
  readonly lastError: string | null
  /** What it ended with; null while it runs. */
  readonly result: CloseResult | null
  /**
   * Resolves when the session is in that state; `connected` means that WhatsApp is.
   * @throws SessionError `ended` it closed instead · `timeout`
   */
  waitFor(state: AwaitedState, options?: { timeoutMs?: number }): Promise<void>
  /**
   * Resolves when everything up to now is committed; costs nothing when it is already. Waits for a restore that is under way.
   * @throws SessionError the first failure of the backup (it goes on being tried) · why the session is not restored yet,
   *   so that nobody knows what there is to commit · `ended`
   */
  backupNow(): Promise<void>
  /** As `backupNow`, after looking for changes that other programs made to the files. */
  auditNow(): Promise<void>
  /**
   * Final backup, socket closed, lease given up; the session stays in the store. The tenant is still one that is to run:
   * other hosts on the registry take it over, or this one does after a while when they have no room; on the only host it
   * stays down until it is started. `supervisor.stop()` stops it for all.
   */
  stop(): Promise<CloseResult>
  /** Unlinks the device at WhatsApp and deletes the session everywhere. */
  logout(): Promise<CloseResult>
}
