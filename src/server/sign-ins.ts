import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../ports/index.js'

/** A browser that has given the token. */
export interface SignIn {
  /** Digest of what its cookie holds. */
  readonly key: string
  usedAt: number
}

/** A sign-in ends when nothing was asked with it for so long. */
const idleMs = 12 * 3_600_000
/** At most at a time: the one that was unused for longest goes first. */
const signInsKept = 1_000

/** Browsers that are signed in. Their cookies hold random ids, so that no cookie is the token. */
export class SignIns {
  readonly #clock: Clock
  /** The one used last is the last. */
  readonly #byKey = new Map<string, SignIn>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get count(): number {
    return this.#byKey.size
  }

  /** What the cookie is to hold. */
  add(): string {
    const value = randomBytes(32).toString('base64url')
    const key = keyOf(value)
    this.#byKey.set(key, { key, usedAt: this.#clock.now() })
    if (this.#byKey.size > signInsKept) this.#byKey.delete(this.#byKey.keys().next().value!)
    return value
  }

  /** The sign-in of a cookie, which counts as used; null when there is none or it is over. */
  use(value: string): SignIn | null {
    const signIn = this.#byKey.get(keyOf(value))
    if (signIn === undefined || !this.isValid(signIn)) return null
    signIn.usedAt = this.#clock.now()
    this.#byKey.delete(signIn.key)
    this.#byKey.set(signIn.key, signIn)
    return signIn
  }

  /** Looking does not count as use: a page that was left open alone is signed out too. */
  isValid(signIn: SignIn): boolean {
    if (this.#byKey.get(signIn.key) !== signIn) return false
    if (this.#clock.now() - signIn.usedAt < idleMs) return true
    this.#byKey.delete(signIn.key)
    return false
  }

  end(signIn: SignIn): void {
    this.#byKey.delete(signIn.key)
  }

  endAll(): void {
    this.#byKey.clear()
  }
}

/** Looked up by digest, so that the time of a look-up tells nothing of the ids that exist. */
function keyOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}
