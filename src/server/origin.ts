import type { IncomingMessage } from 'node:http'
import { type Reply, refusal } from './reply.js'

const loopbackHost = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/
const wildcards = new Set(['0.0.0.0', '::', '[::]', ''])

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return loopbackHost.test(bracketed(host))
}

/**
 * A page on another name that was made to resolve to this address (DNS rebinding) sends that name as Host. Bound to
 * every address, the names are not known; there a token is obligatory, which no page can send without having it.
 */
export function hostProblem(
  request: IncomingMessage,
  bound: { host: string; allowedHosts: readonly string[] },
): Reply | null {
  const name = hostName(request.headers.host)
  if (name === null) return refusal(400, 'invalid', 'The Host header is missing or malformed.')
  if (wildcards.has(bound.host) || loopbackHost.test(name)) return null
  if ([bound.host, ...bound.allowedHosts].some((allowed) => bracketed(allowed) === name)) return null
  return refusal(
    403,
    'forbidden',
    'This server does not answer to that Host. Use the address that it is bound to, e.g. http://127.0.0.1:3000.',
  )
}

/** What changes something must not come from a page of another site. Programs send no Origin. */
export function originProblem(request: IncomingMessage): Reply | null {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const isForeign = origin !== undefined && originHost(origin) !== host?.toLowerCase()
  if (!isForeign && site !== 'cross-site' && site !== 'same-site') return null
  return refusal(403, 'forbidden', 'Requests from pages of other sites are refused.')
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

/** `localhost:3000` → `localhost`; IPv6 addresses keep their brackets. */
function hostName(header: string | undefined): string | null {
  const name = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.exec(header ?? '')?.[1]
  return name?.toLowerCase() ?? null
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host.toLowerCase()
}
