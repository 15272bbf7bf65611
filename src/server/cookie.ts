import type { IncomingMessage } from 'node:http'
import type { Caller } from './caller.js'

/** Browsers send the cookies of a host to all of its ports. */
export function cookieName(port: number): string {
  return `session-supervisor-${port}`
}

export function cookieOf(request: IncomingMessage, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return null
}

/** @param value null takes the cookie away */
export function setCookie(caller: Caller, path: string, value: string | null): string {
  const parts = [`${cookieName(caller.port)}=${value ?? ''}`, `Path=${path}`, 'HttpOnly', 'SameSite=Strict']
  if (caller.isSecure) parts.push('Secure')
  if (value === null) parts.push('Max-Age=0')
  return parts.join('; ')
}
