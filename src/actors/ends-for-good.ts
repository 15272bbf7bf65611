import type { CloseReason } from '../../machines/contracts.js'

const forGood: ReadonlySet<CloseReason> = new Set(['loggedOut', 'banned', 'deleted'])

/** True for an end that only a person can change: the tenant stays stopped until somebody starts it. */
export function endsForGood(reason: CloseReason): boolean {
  return forGood.has(reason)
}
