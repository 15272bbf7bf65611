/** Every delay of the machines, in milliseconds. */
export interface MachineDelays {
  /** A change is backed up when nothing else changed for this long… */
  readonly quietPeriodMs: number
  /** …or when the oldest unsaved change is this old. */
  readonly maxDirtyAgeMs: number
  /** Between audits; ± 10 % of jitter. */
  readonly auditIntervalMs: number
  readonly backoffBaseMs: number
  readonly backoffMaxMs: number
  /** Longest wait for a tenant that another owner holds: its lease may end at any time. */
  readonly leasePollMs: number
  readonly pairingTimeoutMs: number
  /** A socket that neither opens nor closes nor shows a code is given up: Baileys may never emit `close`. */
  readonly connectWatchdogMs: number
  /** Open for this long, a link is stable and its attempts are forgotten. */
  readonly stablePeriodMs: number
  /** Before the one retry after another client took the session over. */
  readonly replacedRetryMs: number
  readonly logoutLimitMs: number
  readonly stopLimitMs: number
  /** To connect, if need be, and unlink the device; then the session is deleted all the same. */
  readonly unlinkLimitMs: number
  readonly closeDeadlineMs: number
  readonly releaseLimitMs: number
}

export const defaultDelays: MachineDelays = {
  quietPeriodMs: 250,
  maxDirtyAgeMs: 1_000,
  auditIntervalMs: 300_000,
  backoffBaseMs: 1_000,
  backoffMaxMs: 60_000,
  leasePollMs: 2_000,
  pairingTimeoutMs: 180_000,
  connectWatchdogMs: 30_000,
  stablePeriodMs: 10_000,
  replacedRetryMs: 5_000,
  logoutLimitMs: 5_000,
  stopLimitMs: 3_000,
  unlinkLimitMs: 8_000,
  closeDeadlineMs: 8_000,
  releaseLimitMs: 2_000,
}

/**
 * Exponential backoff with full jitter: uniform between 0 and min(max, base × 2^(attempt − 1)), at least 1 ms.
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, delays: MachineDelays, random: () => number): number {
  const ceiling = Math.min(delays.backoffMaxMs, delays.backoffBaseMs * 2 ** Math.min(attempt - 1, 30))
  return Math.max(1, Math.round(random() * ceiling))
}

/** How long a tenant waits before it tries again. Waiting for another owner's lease does not grow with the tries. */
export function retryMs(
  failed: { readonly attempt: number; readonly lastError: string | null },
  delays: MachineDelays,
  random: () => number,
): number {
  const waitMs = backoffMs(failed.attempt, delays, random)
  return failed.lastError === 'leased' ? Math.min(waitMs, delays.leasePollMs) : waitMs
}

/** ± 10 %, so that many tenants' timers do not expire together. */
export function jitterMs(delayMs: number, random: () => number): number {
  return Math.round(delayMs * (0.9 + 0.2 * random()))
}
