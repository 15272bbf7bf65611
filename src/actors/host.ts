import type PQueue from 'p-queue'
import type {
  Clock,
  HeadSwap,
  Logger,
  ObjectStore,
  Random,
  Registry,
  Release,
  SwapOutcome,
} from '../ports/index.js'
import type { SessionRoot } from '../session/session-root.js'
import type { Batch } from './batch.js'
import type { Heartbeat } from './heartbeat.js'
import type { StatusWriter } from './status-writer.js'
import type { UploadQueue } from './upload-queue.js'

/** What happened to a tenant's session that a person or a program may want to know. No secrets. */
export type SessionFact =
  | {
      readonly type: 'session.restored'
      readonly tenantId: string
      readonly seq: number
      readonly files: number
      readonly downloads: number
      readonly durationMs: number
      /** The head did not verify: an older generation was used. */
      readonly fellBack: boolean
      readonly skippedSeqs: readonly number[]
    }
  | { readonly type: 'session.kept'; readonly tenantId: string; readonly unsaved: number }
  | { readonly type: 'session.imported'; readonly tenantId: string; readonly files: number }
  | {
      readonly type: 'session.quarantined'
      readonly tenantId: string
      readonly reason: string
      readonly unsaved: number
    }
  | { readonly type: 'files.healed'; readonly tenantId: string; readonly files: number }
  | { readonly type: 'files.damaged'; readonly tenantId: string; readonly files: number }
  | {
      readonly type: 'generation.committed'
      readonly tenantId: string
      readonly seq: number
      readonly kind: 'snapshot' | 'delta' | 'cumulative'
      /** Files that changed. */
      readonly changes: number
      /** Bytes uploaded. */
      readonly bytes: number
      /** Age of the oldest change in it when it was committed: what a crash a moment before would have lost. */
      readonly ageMs: number
      /** From the first byte of its upload to the answer to the last. */
      readonly uploadMs: number
    }
  | {
      readonly type: 'session.audited'
      readonly tenantId: string
      /** Files that others changed validly. */
      readonly changed: number
      /** Files that are damaged or gone. */
      readonly flawed: number
    }
  | { readonly type: 'lease.acquired'; readonly tenantId: string; readonly epoch: number }
  /** Another owner has it, or it was not ours any more when it was to be renewed. */
  | { readonly type: 'lease.lost'; readonly tenantId: string; readonly epoch: number }
  /** Another owner holds it; it is asked for again and again. Told once for each wait. */
  | { readonly type: 'lease.refused'; readonly tenantId: string }
  /** A connection to WhatsApp closed; `code` as in machines/disconnect.ts. */
  | { readonly type: 'link.closed'; readonly tenantId: string; readonly code: number }
  | { readonly type: 'backup.failed'; readonly tenantId: string; readonly error: unknown }
  | { readonly type: 'restore.failed'; readonly tenantId: string; readonly error: unknown }
  | { readonly type: 'change.unprotected'; readonly tenantId: string; readonly waitedMs: number }

/** The process's shared parts, given to every actor. */
export interface Host {
  readonly store: ObjectStore
  readonly registry: Registry
  readonly root: SessionRoot
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly uploads: UploadQueue
  readonly restores: PQueue
  readonly commits: Batch<HeadSwap, SwapOutcome>
  readonly releases: Batch<Release, void>
  readonly statuses: StatusWriter
  readonly heartbeat: Heartbeat
  readonly settings: {
    readonly leaseTtlMs: number
    readonly leaseRenewMs: number
    readonly maxObjectBytes: number
  }
  report(fact: SessionFact): void
}
