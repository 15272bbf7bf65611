import type { CloseReason } from '../../machines/contracts.js'

const forGood: ReadonlySet<CloseReason> = new Set(['loggedOut', 'banned', 'deleted'])

/** True for an end that only a person can change: the tenant stays stopped until somebody starts it. */
export function endsForGood(reason: CloseReason): boolean {
  return forGood.has(reason)
}

const mendable: ReadonlySet<CloseReason> = new Set(['stopped', 'leaseLost'])

/**
 * True for an end that another host, trying at once, would only come to again: such a tenant is not handed round. A new
 * process tries it once more.
 */
export function endsForNow(reason: CloseReason): boolean {
  return !mendable.has(reason)
}
