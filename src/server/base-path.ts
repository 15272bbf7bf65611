import type { IncomingMessage } from 'node:http'
import { SessionError } from '../errors.js'

/**
 * '' for the root, otherwise with a slash before and none behind.
 * @throws SessionError `invalid`
 */
export function checkBasePath(given: string): string {
  const path = given.replace(/\/+$/, '')
  if (path === '' || /^(\/[A-Za-z0-9._~-]+)+$/.test(path)) return path
  throw new SessionError(
    'invalid',
    `basePath refused: expected a path such as /ops/whatsapp, of letters, digits and ._~-; nothing was touched.`,
  )
}

/** Frameworks that mount a handler cut its path off `url`, and keep the whole one. */
export function wholeUrl(request: IncomingMessage): string {
  return (request as { originalUrl?: string }).originalUrl ?? request.url ?? ''
}

/** What of a request's target is below the base path, starting with a slash; null when it is not below it. */
export function pathBelow(basePath: string, request: IncomingMessage): string | null {
  const whole = wholeUrl(request)
  if (basePath === '') return whole
  if (!whole.startsWith(basePath)) return null
  const rest = whole.slice(basePath.length)
  if (rest.startsWith('/')) return rest
  return rest === '' || rest.startsWith('?') ? `/${rest}` : null
}
