import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { SessionError } from '../errors.js'
import { Api, type ApiOptions, checkBasePath, type Supervised } from '../server/index.js'
import { dashboard } from './dashboard.js'

export interface DashboardOptions
  extends Pick<
    ApiOptions,
    'token' | 'allowedHosts' | 'trustedProxies' | 'isAllowed' | 'operationLimitMs' | 'logger' | 'clock'
  > {
  /** Everything is below it, e.g. `/ops/whatsapp`. Default: the root. */
  readonly basePath?: string
}

export interface AttachedDashboard {
  /**
   * Answers requests below the base path, and gives true; gives false, and calls `next`, for all others. Never rejects.
   * For Express and Nest: `app.use(handler)`.
   */
  readonly handler: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => Promise<boolean>
  /** Ends the open streams, and leaves the server's other requests as they were. */
  close(): void
}

/**
 * The dashboard and the HTTP API in a server of yours.
 * @param target its requests below the base path are answered here and reach no other listener; null: you call
 *   `handler` from your framework
 * @throws SessionError `invalid` neither a token nor a sign-in of yours, or the base path
 */
export function attachDashboard(
  target: Server | null,
  supervisor: Supervised,
  options: DashboardOptions,
): AttachedDashboard {
  if (options.token === undefined && options.isAllowed === undefined) {
    throw new SessionError(
      'invalid',
      'The dashboard was not attached: whoever reaches your server could take sessions over. Give a token, or isAllowed, which tells of your own sign-in.',
    )
  }
  const basePath = checkBasePath(options.basePath ?? '')
  // Which names lead to the server is its owner's affair, unless they are given.
  const host = options.allowedHosts === undefined ? '' : '127.0.0.1'
  const api = new Api(supervisor, options, { host, basePath, extend: dashboard })
  const isOurs = (request: IncomingMessage) => api.pathOf(request) !== null
  const detach = target === null ? () => {} : intercept(target, isOurs, (...pair) => void api.answer(...pair))
  return {
    handler: async (request, response, next) => {
      if (isOurs(request)) await api.answer(request, response)
      else next?.()
      return isOurs(request)
    },
    close: () => {
      detach()
      api.close()
    },
  }
}

/** Listeners that were there before, and those that come later, are not told of what is answered here. */
function intercept(
  server: Server,
  isOurs: (request: IncomingMessage) => boolean,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): () => void {
  const own = Object.hasOwn(server, 'emit') ? server.emit : undefined
  const before = server.emit
  const emit = (name: string | symbol, ...args: unknown[]): boolean => {
    const [request, response] = args as [IncomingMessage, ServerResponse]
    if (name !== 'request' || !isOurs(request)) return Reflect.apply(before, server, [name, ...args])
    answer(request, response)
    return true
  }
  server.emit = emit as typeof server.emit
  return () => {
    if (server.emit !== emit) return
    if (own === undefined) Reflect.deleteProperty(server, 'emit')
    else server.emit = own
  }
}
