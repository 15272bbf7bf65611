import { fromPromise } from 'xstate'

/** Why a link ended for good; see {@link ../machines/disconnect.ts} for the codes behind them. */
export type LinkEnd =
  | 'stopped'
  | 'loggedOut'
  | 'unlinked'
  | 'replaced'
  | 'banned'
  | 'temporarilyBanned'
  | 'outdated'
  | 'notMultiDevice'
  | 'pairingExpired'
  | 'unavailable'
  | 'failed'

/** Why a tenant's machine closed. */
export type CloseReason = LinkEnd | 'deleted' | 'leaseLost' | 'pairingTimeout' | 'pairingRefused'

export type LinkStatus = 'idle' | 'connecting' | 'pairing' | 'open' | 'waiting' | 'ended'

export type CodeKind = 'qr' | 'pairingCode'

export interface TenantRef {
  readonly tenantId: string
}

export interface RestoreInput extends TenantRef {
  readonly epoch: number
}

export interface RestoreOutput {
  /** `none` only when it is proven that no session exists anywhere. */
  readonly session: 'found' | 'none'
  /** Position of the opened key folder. */
  readonly changeSeq: number
  /** Position that is covered by the committed head. */
  readonly savedSeq: number
}

export interface BackupInput extends TenantRef {
  /** Look for changes made behind the folder's back first. */
  readonly audit: boolean
  readonly priority: 'closing' | 'urgent' | 'ordinary'
}

export interface BackupOutput {
  /** Position that the commit covers: at least all that the tenant's machine knew of when it asked. */
  readonly covered: number
  readonly audited: boolean
}

export interface ReleaseInput extends TenantRef {
  readonly reason: CloseReason
  readonly unsaved: number
}

export type TenantEvent =
  /** The key folder changed; `urgent` ones are awaited by the code that speaks to WhatsApp. */
  | { type: 'files.changed'; position: number; urgent: boolean }
  | { type: 'audit.due' }
  | { type: 'session.backup'; audit: boolean }
  | { type: 'session.stop' }
  | { type: 'session.logout' }
  | { type: 'lease.lost' }
  | { type: 'link.connecting' }
  | { type: 'link.code'; kind: CodeKind }
  | { type: 'link.open' }
  | { type: 'link.waiting' }
  | { type: 'link.ended'; reason: LinkEnd }

export interface TenantInput extends TenantRef {
  /** False: a tenant with no session closes with `pairingRefused` instead of showing a code. */
  readonly mayPair: boolean
}

export interface TenantContext extends TenantInput {
  readonly epoch: number
  readonly changeSeq: number
  readonly savedSeq: number
  /** Highest position that somebody waits for; urgent while it is above savedSeq. */
  readonly urgentSeq: number
  /** What was known when the last backup was asked for: one that covers less has failed, whatever it says. */
  readonly askedSeq: number
  /** Failed tries since the last success, for the backoff. */
  readonly attempt: number
  readonly auditDue: boolean
  /** A session exists: it was restored, or pairing has stored one. */
  readonly hasSession: boolean
  /** The link has been open since the start: from then on a lost link is a reconnect, not a start. */
  readonly hasOpened: boolean
  readonly link: LinkStatus
  readonly codeKind: CodeKind | null
  readonly reason: CloseReason | null
  /** Code of the last failure, never its text. */
  readonly lastError: string | null
}

export interface TenantOutput {
  readonly reason: CloseReason
  /** Positions that no commit covers; 0 when nothing is unprotected. */
  readonly unsaved: number
  readonly lastError: string | null
}

export type LinkEvent =
  | { type: 'link.start' }
  | { type: 'link.stop' }
  | { type: 'link.logout' }
  /** Its turn has come, the connection is being made. */
  | { type: 'socket.made' }
  | { type: 'socket.open' }
  | { type: 'socket.code'; kind: CodeKind }
  /** `codesEnded`: nobody scanned any of the codes that WhatsApp offered. */
  | { type: 'socket.closed'; code: number; codesEnded: boolean }

export interface LinkContext extends TenantRef {
  /** Counted reconnects since the link was last stable. */
  readonly attempt: number
  readonly replacedCount: number
  readonly lastCode: number | null
  readonly logoutAsked: boolean
  readonly end: LinkEnd | null
}

/** A placeholder that fails loudly: the machines are pure, `src/implementations.ts` provides the real actors. */
export function notProvided<Output, Input>(name: string) {
  return fromPromise<Output, Input>(() =>
    Promise.reject(new Error(`Actor "${name}" was not provided; see src/implementations.ts.`)),
  )
}
