import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock, Logger } from '../ports/index.js'
import { addressOf, type Caller, comesFromPage, isSecure } from './caller.js'
import { cookieName, cookieOf } from './cookie.js'
import { Guesses } from './guesses.js'
import { type Reply, refusal, replyOfError } from './reply.js'
import { type SignIn, SignIns } from './sign-ins.js'

export interface AuthorisationOptions {
  /** Undefined, and no `isAllowed`: everybody may do everything. */
  readonly token?: string
  /** Proxies of our own that a request passes. */
  readonly trustedProxies?: number
  /** The embedding program's own way to tell. */
  readonly isAllowed?: (request: IncomingMessage) => boolean | Promise<boolean>
  readonly clock: Clock
  readonly logger: Logger
}

export type Allowed = { readonly caller: Caller; readonly problem: Reply | null }

/** Who may use the routes that are not open: programs by the bearer token, browsers by the cookie of a sign-in. */
export class Authorisation {
  readonly signIns: SignIns
  readonly #expected: Buffer | null
  readonly #options: AuthorisationOptions
  readonly #guesses: Guesses

  constructor(options: AuthorisationOptions) {
    this.#options = options
    this.#expected = options.token === undefined ? null : digest(options.token)
    this.#guesses = new Guesses(options.clock)
    this.signIns = new SignIns(options.clock)
  }

  /** A page has to ask for the token. */
  get needsToken(): boolean {
    return this.#expected !== null
  }

  /** `problem` is for routes that are not open: null when the caller may use them. */
  async look(request: IncomingMessage): Promise<Allowed> {
    const { isAllowed, logger } = this.#options
    if (isAllowed !== undefined) {
      try {
        if (await isAllowed(request)) {
          return this.#allowed(request, () => isAllowed(request), foreignProblem(request))
        }
      } catch (error) {
        return this.#refused(request, replyOfError(error, logger))
      }
    }
    if (this.#expected === null) {
      if (isAllowed === undefined) return this.#allowed(request, () => true)
      return this.#refused(request, unauthorized('Sign in to the program that serves this.'))
    }
    const signIn = this.#signInOf(request)
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (signIn !== null && given === undefined) {
      return this.#allowed(request, () => this.signIns.isValid(signIn), foreignProblem(request), signIn)
    }
    const problem = this.tokenProblem(request, given)
    return problem === null ? this.#allowed(request, () => true) : this.#refused(request, problem)
  }

  /** Null when it is the token; the address of one that is wrong is remembered. */
  tokenProblem(request: IncomingMessage | Caller, given: string | undefined): Reply | null {
    const address = 'address' in request ? request.address : this.#address(request)
    const tooMany = this.#guesses.problem(address)
    if (tooMany !== null) return tooMany
    if (given === undefined) {
      return unauthorized('This needs the token: send "Authorization: Bearer …" with DASHBOARD_TOKEN.')
    }
    // Digests have one length, so that the comparison tells nothing of the token's.
    if (this.#expected !== null && timingSafeEqual(digest(given), this.#expected)) return null
    this.#guesses.noteFailure(address)
    return unauthorized('The token is wrong.')
  }

  #allowed(
    request: IncomingMessage,
    isStillAllowed: Caller['isStillAllowed'],
    problem: Reply | null = null,
    signIn: SignIn | null = null,
  ): Allowed {
    return { caller: this.#caller(request, isStillAllowed, signIn), problem }
  }

  #refused(request: IncomingMessage, problem: Reply): Allowed {
    return { caller: this.#caller(request, () => false, null), problem }
  }

  #caller(request: IncomingMessage, isStillAllowed: Caller['isStillAllowed'], signIn: SignIn | null): Caller {
    return {
      address: this.#address(request),
      signIn,
      isPage: signIn !== null || comesFromPage(request),
      isSecure: isSecure(request),
      port: request.socket.localPort ?? 0,
      isStillAllowed,
    }
  }

  #signInOf(request: IncomingMessage): SignIn | null {
    const value = cookieOf(request, cookieName(request.socket.localPort ?? 0))
    return value === null ? null : this.signIns.use(value)
  }

  #address(request: IncomingMessage): string {
    return addressOf(request, this.#options.trustedProxies ?? 0)
  }
}

/** A browser sends cookies along with what another site's page makes it ask: a change must tell where it is from. */
function foreignProblem(request: IncomingMessage): Reply | null {
  const { cookie, origin } = request.headers
  if (request.method !== 'POST' || cookie === undefined || origin !== undefined) return null
  if (request.headers['sec-fetch-site'] === 'same-origin') return null
  return refusal(
    403,
    'forbidden',
    'A change with a cookie must tell where it comes from, in Origin or Sec-Fetch-Site. Programs send the bearer token, and no cookie.',
  )
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function unauthorized(message: string): Reply {
  return { ...refusal(401, 'unauthorized', message), headers: { 'www-authenticate': 'Bearer' } }
}
