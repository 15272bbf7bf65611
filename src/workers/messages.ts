import type { LinkStatus } from '../../machines/index.js'
import type { ErrorByMessage } from '../error-by-message.js'
import type { SessionStatus } from '../ports/index.js'
import type { CloseResult, LinkWait } from '../session-api.js'
import type { MachineStep, MachinesNow, ShutdownResult, SupervisorEvents } from '../supervisor-api.js'
import type { WorkerOptions } from './worker-options.js'

/*
 * What a parent and its workers say to each other, by Node's IPC in its `advanced` form. Secrets among it (credentials of
 * the store, pairing codes) stay between the two processes.
 */

/** A session as its worker sees it. */
export interface SessionState {
  readonly tenantId: string
  readonly state: string
  readonly status: SessionStatus
  readonly link: LinkStatus
  readonly linkWait: LinkWait | null
  readonly changes: number
  readonly preKeys: number
  /** Since when there are changes that no backup covers, by this machine's clock; null when there are none. */
  readonly unprotectedSince: number | null
  readonly generation: number
  readonly lastError: string | null
  readonly result: CloseResult | null
}

/** Uploads of a worker that run and that wait. */
export interface Uploads {
  readonly running: number
  readonly waiting: number
}

/** Events that a parent hears of beside `changed`, which a state stands for. */
export type ToldEvent = Exclude<keyof SupervisorEvents, 'changed'>

/** In the order in which it happened, but that a state is the newest there is when it is told. */
export type Told =
  | { readonly session: SessionState }
  | { readonly event: ToldEvent; readonly payload: SupervisorEvents[ToldEvent] }
  | { readonly watched: string; readonly step: MachineStep; readonly machines: MachinesNow | null }

export type CallName =
  | 'resume'
  | 'start'
  | 'stop'
  | 'logout'
  | 'waitFor'
  | 'backupNow'
  | 'auditNow'
  | 'stopSession'
  | 'logoutSession'

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error'

export type ToWorker =
  | { readonly type: 'start'; readonly options: WorkerOptions }
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly args: unknown[] }
  /** Somebody listens to facts: there are hundreds a second. */
  | { readonly type: 'facts' }
  | { readonly type: 'watch'; readonly tenantId: string; readonly isOn: boolean }
  | { readonly type: 'hold'; readonly tenantId: string; readonly granted: boolean }
  | { readonly type: 'ping' }
  | { readonly type: 'shutdown' }

export type FromWorker =
  | { readonly type: 'ready'; readonly ownerId: string }
  | { readonly type: 'failed'; readonly error: ErrorByMessage }
  | {
      readonly type: 'answer'
      readonly id: number
      readonly value?: unknown
      readonly error?: ErrorByMessage
    }
  | { readonly type: 'told'; readonly told: readonly Told[]; readonly uploads: Uploads }
  | { readonly type: 'take'; readonly tenantId: string }
  | { readonly type: 'giveBack'; readonly tenantId: string }
  | { readonly type: 'pong'; readonly uploads: Uploads }
  | {
      readonly type: 'log'
      readonly level: LogLevelName
      readonly fields: object
      readonly message: string
    }
  | { readonly type: 'down'; readonly result: ShutdownResult }
