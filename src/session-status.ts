import type { SnapshotFrom } from 'xstate'
import type { CloseReason, tenantMachine } from '../machines/index.js'
import type { SessionStatus } from './ports/index.js'
import type { AwaitedState, CloseResult } from './session-api.js'

export type TenantSnapshot = SnapshotFrom<typeof tenantMachine>

const statusByReason: Readonly<Record<CloseReason, SessionStatus>> = {
  stopped: 'DISCONNECTED',
  leaseLost: 'DISCONNECTED',
  loggedOut: 'LOGGED_OUT',
  unlinked: 'LOGGED_OUT',
  deleted: 'LOGGED_OUT',
  replaced: 'REPLACED',
  banned: 'BANNED',
  temporarilyBanned: 'BANNED',
  outdated: 'FAILED',
  notMultiDevice: 'FAILED',
  unavailable: 'FAILED',
  failed: 'FAILED',
  pairingRefused: 'FAILED',
  pairingTimeout: 'DISCONNECTED',
  pairingExpired: 'DISCONNECTED',
}

/** Why a restore fails for as long as nobody does anything. */
const needPeople: ReadonlySet<string | null> = new Set(['corrupt', 'internal'])

/** The coarse status of the registry. A backup disconnects nothing, so it does not change it. */
export function statusOf({ context, value }: TenantSnapshot): SessionStatus {
  if (context.reason !== null) return statusByReason[context.reason]
  if (context.hasOpened) return 'CONNECTED'
  if (context.codeKind !== null) return 'PAIRING'
  if (statePath(value) === 'restoring.waiting' && needPeople.has(context.lastError)) return 'FAILED'
  return 'RESTORING'
}

/** The state as a path, e.g. `connected.dirty.settling`. */
export function statePath(value: TenantSnapshot['value']): string {
  if (typeof value === 'string') return value
  const [[parent, child]] = Object.entries(value) as [[string, TenantSnapshot['value']]]
  return `${parent}.${statePath(child)}`
}

/**
 * State of the machine and of its link for the registry's `connectionState`, e.g. `connected/open`. What changes with
 * every backup is left out, so that a backup costs no status write; one that fails shows.
 */
export function connectionStateOf({ context, value }: TenantSnapshot): string {
  const path = statePath(value)
  const steady = context.hasOpened && !path.startsWith('clos') && path !== 'backing-up.waiting'
  return `${steady ? 'connected' : path}/${context.link}`
}

/** Whether a session that has ended with `result`, if at all, is in a state that can be waited for. */
export function isIn(
  state: AwaitedState,
  context: TenantSnapshot['context'],
  result: CloseResult | null,
): boolean {
  if (state === 'closed') return result !== null
  if (result !== null || context.reason !== null) return false
  return state === 'connected' ? context.hasOpened && context.link === 'open' : context.codeKind !== null
}
