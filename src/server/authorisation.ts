import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../ports/index.js'
import { type Reply, refusal } from './reply.js'

/** Wrong tokens that one address may send within the window. */
const failuresAllowed = 10
const windowMs = 60_000
/** Addresses remembered at most, so that an attacker with many cannot fill the memory. */
const addressesKept = 10_000

/** Asks for the bearer token, in constant time, and stops listening to an address that keeps guessing. */
export class Authorisation {
  readonly #expected: Buffer | null
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; until: number }>()

  /** @param token undefined: everybody may do everything */
  constructor(token: string | undefined, clock: Clock) {
    this.#expected = token === undefined ? null : digest(token)
    this.#clock = clock
  }

  problem(request: IncomingMessage): Reply | null {
    if (this.#expected === null) return null
    const address = request.socket.remoteAddress ?? ''
    const waitMs = this.#waitMs(address)
    if (waitMs > 0) return tooMany(waitMs)
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given === undefined) {
      return unauthorized('This needs the token: send "Authorization: Bearer …" with DASHBOARD_TOKEN.')
    }
    // Digests have one length, so that the comparison tells nothing of the token's.
    if (timingSafeEqual(digest(given), this.#expected)) return null
    this.#noteFailure(address)
    return unauthorized('The token is wrong.')
  }

  #waitMs(address: string): number {
    const failed = this.#failures.get(address)
    if (failed === undefined) return 0
    const leftMs = failed.until - this.#clock.now()
    if (leftMs <= 0) this.#failures.delete(address)
    return failed.count >= failuresAllowed ? Math.max(0, leftMs) : 0
  }

  #noteFailure(address: string): void {
    const failed = this.#failures.get(address) ?? { count: 0, until: this.#clock.now() + windowMs }
    failed.count += 1
    this.#failures.set(address, failed)
    if (this.#failures.size > addressesKept) this.#failures.delete(this.#failures.keys().next().value!)
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function unauthorized(message: string): Reply {
  return { ...refusal(401, 'unauthorized', message), headers: { 'www-authenticate': 'Bearer' } }
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
