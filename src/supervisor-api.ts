import type { SessionFact } from './actors/host.js'
import type { Alert } from './alerts/alert.js'
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
  /** Something needs a person, or no longer does. */
  alert: Alert
  /** An alert left for the webhook, was given up, or was dropped because too many waited. */
  webhook: { readonly result: 'delivered' | 'failed' | 'dropped' }
}

export interface LogoutOptions {
  /** Delete even when the device cannot be unlinked. Default false. */
  readonly force?: boolean
  /** Longest wait for WhatsApp. Default 30,000. */
  readonly timeoutMs?: number
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

/** A move of one of a session's two machines. */
export interface MachineStep {
  readonly machine: 'tenant' | 'link'
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /**
   * The event's type, never what it carries; `xstate.init` is the machine's start. `watch.begun`, which only a parent of
   * workers tells: no move, from here on it is known where the machines are.
   */
  readonly event: string
  /** Ids of the transitions taken, as in the machine's chart. */
  readonly edges: readonly string[]
  /** Active states afterwards as paths, an ancestor before what is in it. */
  readonly states: readonly string[]
  /** False: no transition was there for the event, which was dropped. */
  readonly handled: boolean
}

export interface MachineNow {
  readonly machine: MachineStep['machine']
  /** See {@link MachineStep.states}. */
  readonly states: readonly string[]
  /** What it has invoked, by id. */
  readonly actors: readonly { readonly id: string; readonly isActive: boolean }[]
}

export interface MachinesNow {
  /** The tenant's, then the link's. */
  readonly machines: readonly MachineNow[]
  readonly counters: {
    readonly changeSeq: number
    readonly savedSeq: number
    readonly urgentSeq: number
    /** Failed tries since the last success. */
    readonly attempt: number
    /** Reconnects since the link was last stable. */
    readonly linkAttempt: number
    readonly epoch: number
  }
}

/** A backup of a tenant as the store's listing shows it: nothing is downloaded. */
export interface StoredGeneration {
  readonly seq: number
  readonly kind: 'snapshot' | 'delta' | 'cumulative'
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly createdAt: number
  /** Of its objects. */
  readonly bytes: number
  readonly objects: number
  /** Files in the whole session after it; null when it was not counted: only a download tells. */
  readonly files: number | null
  /** Files that it changed, added or deleted, all of a snapshot; null as `files`. */
  readonly changes: number | null
  /** The one that a restore begins with. */
  readonly isHead: boolean
  /** Numbers of the generations that a restore of it fetches before it, in order. */
  readonly needs: readonly number[]
}

/** Which of a tenant's generations are downloaded to count their files; what was counted once is known from then on. */
export interface CountFiles {
  /** Only those below this number; null for all. */
  readonly below: number | null
  /** At most so many downloads, the newest first. */
  readonly most: number
}
