import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { SignIn } from './sign-ins.js'

/** Who asks, as far as it is known. */
export interface Caller {
  readonly address: string
  /** Null for a program with the token, and where none is needed. */
  readonly signIn: SignIn | null
  /** A page in a browser asks, not a program. */
  readonly isPage: boolean
  /** It came by https, to this server or to the proxy before it. */
  readonly isSecure: boolean
  /** Cookies do not keep ports apart, so their names must. */
  readonly port: number
  /** Asked again while an answer goes on: false when what it was allowed with is over. */
  isStillAllowed(): boolean | Promise<boolean>
}

/**
 * The address that wrong tokens are counted for: the socket's, or what the nearest of our own proxies saw. What is
 * further left in the header was written by somebody else.
 * @param trustedProxies how many proxies of our own a request passes
 */
export function addressOf(request: IncomingMessage, trustedProxies: number): string {
  const own = request.socket.remoteAddress ?? ''
  if (trustedProxies === 0) return own
  const seen = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '')
  return seen.at(-trustedProxies)?.slice(0, 64) ?? seen[0]?.slice(0, 64) ?? own
}

/** The header only adds a flag to a cookie, so that whoever forges it harms nobody but himself. */
export function isSecure(request: IncomingMessage): boolean {
  if ((request.socket as TLSSocket).encrypted) return true
  const forwarded = String(request.headers['x-forwarded-proto'] ?? '')
  return forwarded.split(',')[0]!.trim().toLowerCase() === 'https'
}

/** Only browsers send these, and no page can leave them out or forge them. */
export function comesFromPage({ headers }: IncomingMessage): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
}
