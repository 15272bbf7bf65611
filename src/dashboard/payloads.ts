import type { TenantView } from '../server/index.js'

/*
 * Everything that the dashboard's routes and its stream of events answer with, as JSON. The page is written against
 * this file alone. Times are ISO 8601 texts in UTC, ages and durations are in milliseconds. No payload holds a secret
 * but `CodePayload`.
 */

/** GET /session. It is answered to everybody. */
export interface SessionPayload {
  /** The other routes may be used: no token is needed, or a token was given. */
  readonly signedIn: boolean
  readonly needsToken: boolean
  /** Short id of the host that answers; null to those who are not signed in. */
  readonly host: string | null
  /** Of this package; null to those who are not signed in. */
  readonly version: string | null
}

/** Every refusal, of any route. `message` says what happened and what to do; it may be shown as it is. */
export interface ErrorPayload {
  readonly error: { readonly code: string; readonly message: string }
}

/**
 * A tenant in lists: see `TenantView` (src/server/tenant-view.ts). Its age of unprotected changes is only in what routes
 * answer: of `unprotectedSince` the page counts it by itself.
 */
export type TenantRow = Omit<TenantView, 'unprotectedAgeMs'>

/** The fields of a row that are not as before, all of them of a tenant that was not there. */
export type RowChange = Pick<TenantRow, 'tenantId'> & Partial<TenantRow>

/** GET /tenants?filter=TEXT: those whose id, status or state contains the text. Without it, all. */
export interface TenantsPayload {
  readonly tenants: readonly TenantView[]
  readonly registry: RegistryHealth
}

/** `unavailable`: the registry does not answer; rows of tenants that run elsewhere are as they were last. */
export type RegistryHealth = 'ok' | 'unavailable'

export interface Counts {
  readonly total: number
  /** Statuses that no tenant has are left out. */
  readonly byStatus: Readonly<Partial<Record<TenantView['status'], number>>>
  /** Sessions that run, here or elsewhere. */
  readonly running: number
  /** Tenants with changes that no backup covers. */
  readonly unprotected: number
}

/** A move of one machine. */
export interface Step {
  /** Grows by one with each entry of the process; the order of steps and of timeline entries. */
  readonly n: number
  readonly machine: MachineName
  readonly at: string
  /** The event's type, never what it carries, e.g. `files.changed`. */
  readonly event: string
  /** Ids of the transitions taken, as `data-edge` in the drawing; empty when the event was not handled. */
  readonly edges: readonly string[]
  /** Active states afterwards, as `data-state` in the drawing, ancestors included, outermost first. */
  readonly states: readonly string[]
  /** False: the machine has no transition for it in this state. */
  readonly handled: boolean
}

export type MachineName = 'tenant' | 'link'

/** What happened to a tenant; the newest last. */
export interface TimelineEntry {
  /** See `Step.n`. */
  readonly n: number
  readonly at: string
  /**
   * `fact`: something that the session reports · `step`: a machine moved (only while somebody watched) · `state`: the
   * session came to another status or ended · `action`: somebody asked for something through this server.
   */
  readonly kind: 'fact' | 'step' | 'state' | 'action'
  readonly level: 'info' | 'warn' | 'error'
  /** What it was, e.g. `generation.committed`, an event's type, `start`. */
  readonly name: string
  /** One line for people, with what to do where something is to be done. */
  readonly text: string
  /** Figures and codes, e.g. `{ seq: 4, changes: 2, bytes: 5120 }`. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>
  /** Of `step` entries. */
  readonly step?: Step
}

/** GET /tenants/:id/timeline */
export interface TimelinePayload {
  readonly tenantId: string
  /** At most the newest 200, the oldest first. */
  readonly entries: readonly TimelineEntry[]
  /** Entries that were given up before these: there were too many. */
  readonly dropped: number
}

/** One backup, as the store's listing shows it. */
export interface Generation {
  readonly seq: number
  readonly kind: 'snapshot' | 'delta' | 'cumulative'
  readonly createdAt: string
  /** When the answer was made. */
  readonly age: number
  /** Of its objects in the store. */
  readonly bytes: number
  /** In the whole session after it; null when only a download would tell. */
  readonly files: number | null
  /** Files that changed; null when this process did not make it. */
  readonly changes: number | null
  /** The one that a restore begins with. */
  readonly isHead: boolean
  /** The head is built on it. */
  readonly isInHeadChain: boolean
  /** Numbers of the generations that a restore of it fetches, in order. */
  readonly needs: readonly number[]
}

/** GET /tenants/:id/generations?before=SEQ: the newest first, at most 100. */
export interface GenerationsPayload {
  readonly tenantId: string
  readonly generations: readonly Generation[]
  /** What to give as `before` for those that are older; null when these are the last. */
  readonly next: number | null
  /** Of all of the tenant's generations. */
  readonly total: { readonly generations: number; readonly bytes: number }
}

/** GET /tenants/:id/code. SECRET: whoever has it can link a device. 404 `missing` when no code is shown. */
export type CodePayload = {
  readonly tenantId: string
  /** The code's text, as it is typed or put into the QR. */
  readonly code: string
  readonly shownAt: string
} & (
  | {
      readonly kind: 'qr'
      /** Modules a side, without a quiet zone: draw four light modules around it. */
      readonly size: number
      /** `size` × `size` characters, row by row: 1 is dark. */
      readonly modules: string
    }
  | { readonly kind: 'pairingCode' }
)

/**
 * POST /tenants/:id/start|stop|backup|audit answer with the tenant's row. POST /tenants {tenantId, phoneNumber?} adds
 * one (201) or starts one that is known (200). POST /tenants/:id/logout {confirm: tenantId, force?}.
 *
 * GET /tenants/:id/logout-preview: what a logout would delete. Show it before asking for the confirmation.
 */
export interface LogoutPreviewPayload {
  readonly tenantId: string
  /** `unknown`: nobody has paired it yet, or nothing tells. */
  readonly device: 'linked' | 'notLinked' | 'unknown'
  readonly phoneNumber: string | null
  /** Backups and their objects in the store, and their size; null when the store does not answer. */
  readonly generations: number | null
  readonly objects: number | null
  readonly bytes: number | null
  /** Files on this host's disk. */
  readonly localFiles: number
  readonly unprotectedChanges: number
  /** What keeps it from being done here now, e.g. that another host runs the tenant; null when nothing does. */
  readonly problem: string | null
}

/** One machine of the watched tenant. */
export interface MachineNow {
  readonly machine: MachineName
  /** See `Step.states`. */
  readonly states: readonly string[]
  /** When it came to its states; null when nobody watched then. */
  readonly since: string | null
  /** The last step seen; null when there was none. */
  readonly last: Step | null
  /** What it has invoked and has not ended. */
  readonly actors: readonly ActorNow[]
}

export interface ActorNow {
  /** e.g. `backup`, as `data-actor` in the drawing */
  readonly id: string
  readonly isActive: boolean
}

/** The watched tenant, in full. */
export interface TenantDetail {
  readonly tenantId: string
  /** Null: there is no such tenant (any more). */
  readonly row: TenantRow | null
  /** Empty when its session does not run in this process. */
  readonly machines: readonly MachineNow[]
  /** Null when its session does not run in this process. */
  readonly counters: {
    /** Position of the key folder, and what of it a backup covers. */
    readonly changeSeq: number
    readonly savedSeq: number
    /** Up to here somebody waits for a backup. */
    readonly urgentSeq: number
    /** Failed tries since the last success. */
    readonly attempt: number
    /** Reconnects since the link was last stable. */
    readonly linkAttempt: number
    readonly epoch: number
  } | null
  readonly timeline: TimelinePayload
}

/*
 * GET /events[?tenant=ID]: server-sent events. Each has an id; after an interruption the browser sends the last one, and
 * gets what it missed, or a `state` (and `tenant`) when that is not known any more. `event:` is the name below, `data:`
 * its type. A page that watches another tenant opens a new stream with `after=` the id of the last event that it got
 * (`lastEventId`): the list then goes on where it was, and only `tenant` is sent anew. A stream that is refused (401: sign
 * in; 429: too many streams) does not reconnect by itself.
 */
export interface EventPayloads {
  /** First, and whenever what was missed is not known. Replaces all that the page has. */
  readonly state: {
    readonly at: string
    readonly host: string
    readonly version: string
    readonly registry: RegistryHealth
    readonly counts: Counts
    /** By id. */
    readonly tenants: readonly TenantRow[]
  }
  /** At most every 200 ms. Fields of `rows` replace those of the row with the same id. */
  readonly changes: {
    readonly at: string
    readonly registry: RegistryHealth
    readonly counts: Counts
    readonly rows: readonly RowChange[]
    readonly removed: readonly string[]
  }
  /** After `state`, and when the watched tenant's session has begun anew or has ended. */
  readonly tenant: TenantDetail
  /** Moves of the watched tenant's machines, at most every 200 ms, in order. */
  readonly step: {
    readonly tenantId: string
    readonly steps: readonly Step[]
    /** Steps left out of this batch: there were too many. */
    readonly dropped: number
    readonly machines: readonly MachineNow[]
    readonly counters: TenantDetail['counters']
  }
  /** New entries of the watched tenant's timeline that are no steps. */
  readonly timeline: { readonly tenantId: string; readonly entries: readonly TimelineEntry[] }
  /** The last of a stream that the server ends on purpose. `signedOut`: do not connect again, sign in. */
  readonly bye: { readonly reason: 'signedOut' | 'shutdown' }
}

export type EventName = keyof EventPayloads

/*
 * GET /machines/tenant.svg, /machines/link.svg: the drawings, to be put into the page (they carry classes and
 * `data-state`, `data-edge`, `data-actor`, and no style or script). GET /machines/machine.css: their style, light and dark;
 * `is-active`, `is-leaf`, `is-last`, `is-running` light them. GET /machines/tenant, /machines/link: the charts as JSON.
 *
 * GET / · GET /assets/:file: the page; its own URLs are all relative, since it may be served below a base path.
 * POST /session {token} answers 200 with a SessionPayload and a cookie, or 401, or 429 with retry-after in seconds.
 * POST /session/end answers with a SessionPayload. Every POST has `content-type: application/json`, or no body.
 */
