import type { Clock } from '../ports/index.js'
import { type Reply, refusal } from './reply.js'

/** Wrong tokens that one address may send within the window. */
const perAddress = { failures: 10, windowMs: 60_000 }
/** Wrong tokens from all addresses within the window, after which one a window is too many for any of them. */
const altogether = { failures: 300, windowMs: 600_000 }
/** Addresses remembered at most, so that an attacker with many cannot fill the memory. */
const addressesKept = 10_000

interface Failed {
  count: number
  firstAt: number
  lastAt: number
}

/**
 * Stops listening to addresses that guess the token. An address that keeps guessing is not listened to until its minute
 * is over. When many addresses guess together, one wrong token keeps an address out for ten minutes; one that has sent
 * none is listened to all the same, so that nobody can lock the others out. Who shares an address with a guesser, as
 * behind a proxy that is not told of, waits with him; sign-ins that exist go on.
 */
export class Guesses {
  readonly #clock: Clock
  readonly #byAddress = new Map<string, Failed>()
  #all = { count: 0, since: 0 }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Null when a token from this address is to be looked at. */
  problem(address: string): Reply | null {
    const waitMs = this.#waitMs(address)
    return waitMs > 0 ? tooMany(waitMs) : null
  }

  noteFailure(address: string): void {
    const now = this.#clock.now()
    if (now - this.#all.since >= altogether.windowMs) this.#all = { count: 0, since: now }
    this.#all.count += 1
    const before = this.#byAddress.get(address)
    const isNew = before === undefined || now - before.firstAt >= perAddress.windowMs
    const failed = isNew ? { count: 0, firstAt: now, lastAt: now } : before
    failed.count += 1
    failed.lastAt = now
    // The newest last, so that the one forgotten is the one that was silent for longest.
    this.#byAddress.delete(address)
    this.#byAddress.set(address, failed)
    if (this.#byAddress.size > addressesKept) this.#byAddress.delete(this.#byAddress.keys().next().value!)
  }

  #waitMs(address: string): number {
    const failed = this.#byAddress.get(address)
    if (failed === undefined) return 0
    const now = this.#clock.now()
    const ownMs = failed.count >= perAddress.failures ? failed.firstAt + perAddress.windowMs - now : 0
    const isFlood = this.#all.count >= altogether.failures && now - this.#all.since < altogether.windowMs
    const floodMs = isFlood ? failed.lastAt + altogether.windowMs - now : 0
    return Math.max(0, ownMs, floodMs)
  }
}

function tooMany(waitMs: number): Reply {
  const seconds = Math.ceil(waitMs / 1000)
  const reply = refusal(
    429,
    'tooManyRequests',
    `Too many wrong tokens from this address; wait ${seconds} seconds.`,
  )
  return { ...reply, headers: { 'retry-after': String(seconds) } }
}
