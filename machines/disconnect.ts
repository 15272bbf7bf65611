import type { LinkEnd } from './contracts.js'

/**
 * What to do when a socket closes with a code.
 * - `restart`: a new socket at once, not counted.
 * - `retry`: back off with full jitter, counted; `limit` retries at most, then the link ends with `thenEnd`.
 * - `retryOnce`: one delayed retry, then the link ends with `thenEnd`.
 * - `end`: the link ends; a person or the tenant's policy decides what follows.
 */
export type DisconnectPolicy =
  | { readonly kind: 'restart' }
  | { readonly kind: 'retry'; readonly limit: number; readonly thenEnd: LinkEnd }
  | { readonly kind: 'retryOnce'; readonly thenEnd: LinkEnd }
  | { readonly kind: 'end'; readonly end: LinkEnd }

/** Back off for as long as it takes: nothing about the session is wrong. */
const retry: DisconnectPolicy = { kind: 'retry', limit: Number.POSITIVE_INFINITY, thenEnd: 'unavailable' }

/** Close codes as an unmodified Baileys 7.0.0-rc14 reports them (`lastDisconnect.error.output.statusCode`). */
export const disconnectPolicies: Readonly<Record<number, DisconnectPolicy>> = {
  401: { kind: 'end', end: 'loggedOut' },
  402: { kind: 'end', end: 'temporarilyBanned' },
  403: { kind: 'end', end: 'banned' },
  405: { kind: 'end', end: 'outdated' },
  406: { kind: 'end', end: 'banned' },
  408: retry,
  409: { kind: 'end', end: 'outdated' },
  411: { kind: 'end', end: 'notMultiDevice' },
  428: retry,
  440: { kind: 'retryOnce', thenEnd: 'replaced' },
  // Baileys' default for unknown stream errors: it proves nothing about the session.
  500: retry,
  // May be permanent. With backoff up to a minute, 30 tries are about 25 minutes.
  503: { kind: 'retry', limit: 30, thenEnd: 'unavailable' },
  515: { kind: 'restart' },
}

/** The policy of a close code; an unknown one is retried, never taken as the session's end. */
export function disconnectPolicy(code: number): DisconnectPolicy {
  return disconnectPolicies[code] ?? retry
}
