import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, type Logger, silentLogger, systemClock } from '../ports/index.js'
import { Authorisation } from './authorisation.js'
import { pathBelow, wholeUrl } from './base-path.js'
import { readBody } from './body.js'
import { healthRoutes } from './health-routes.js'
import { hostProblem, originProblem } from './origin.js'
import { PairingCodes } from './pairing-codes.js'
import { Readiness } from './readiness.js'
import { type Reply, refusal, replyOfError, sendReply } from './reply.js'
import { matchRoutes, parseTarget, type Route } from './route.js'
import type { Supervised } from './supervised.js'
import { TenantList } from './tenant-list.js'
import { tenantRoutes } from './tenant-routes.js'

export interface ApiOptions {
  /** Every route that is not open then needs `Authorization: Bearer …`, or the cookie of a sign-in. */
  readonly token?: string
  /** Names in the Host header that are answered to beside the loopback ones and the bound one. */
  readonly allowedHosts?: readonly string[]
  /** More routes. */
  readonly routes?: readonly Route[]
  /** Longest that a request waits for what it asked for. Default 60,000. */
  readonly operationLimitMs?: number
  /** Proxies of our own that a request passes: wrong tokens are then counted for the address that they saw. Default 0. */
  readonly trustedProxies?: number
  /** The embedding program's own sign-in, in place of the token or beside it. */
  readonly isAllowed?: (request: IncomingMessage) => boolean | Promise<boolean>
  readonly logger?: Logger
  readonly clock?: Clock
}

/** What those who add routes build on. */
export interface ApiParts {
  readonly supervisor: Supervised
  readonly tenants: TenantList
  readonly codes: PairingCodes
  readonly authorisation: Authorisation
  readonly clock: Clock
  readonly logger: Logger
  readonly operationLimitMs: number
  /** '' or e.g. `/ops`. */
  readonly basePath: string
  /** Listens to what is asked for through this server; returns the way to stop. */
  onAction(listener: ActionListener): () => void
}

/** `error` is null when it was done. */
export type ActionListener = (tenantId: string, verb: string, error: unknown) => void

export interface ApiExtension {
  readonly routes: readonly Route[]
  close(): void
}

export interface ApiPlace {
  /** The bound address; a wildcard where any name may lead here. */
  readonly host: string
  readonly basePath: string
  readonly extend?: (parts: ApiParts) => ApiExtension
}

export const maxBodyBytes = 64 * 1024

/** Answers requests about a supervisor, whoever's server they come through. */
export class Api {
  readonly routes: readonly Route[]
  readonly #options: ApiOptions
  readonly #place: ApiPlace
  readonly #logger: Logger
  readonly #authorisation: Authorisation
  readonly #codes: PairingCodes
  readonly #extension: ApiExtension | undefined

  constructor(supervisor: Supervised, options: ApiOptions, place: ApiPlace) {
    const { clock = systemClock, logger = silentLogger, operationLimitMs = 60_000 } = options
    this.#options = options
    this.#place = place
    this.#logger = logger
    this.#authorisation = new Authorisation({ ...options, clock, logger })
    this.#codes = new PairingCodes(supervisor, () => clock.now())
    const tenants = new TenantList(supervisor, clock)
    const parts = {
      supervisor,
      tenants,
      codes: this.#codes,
      authorisation: this.#authorisation,
      clock,
      logger,
      operationLimitMs,
      basePath: place.basePath,
    }
    const listeners = new Set<ActionListener>()
    const acted: ActionListener = (...action) => {
      for (const listener of listeners) listener(...action)
    }
    const onAction = (listener: ActionListener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
    this.#extension = place.extend?.({ ...parts, onAction })
    this.routes = [
      ...healthRoutes(new Readiness(supervisor, clock, logger), tenants),
      ...tenantRoutes({ ...parts, acted }),
      ...(this.#extension?.routes ?? []),
      ...(options.routes ?? []),
    ]
  }

  /** Null: the request is none of ours. */
  pathOf(request: IncomingMessage): string | null {
    return pathBelow(this.#place.basePath, request)
  }

  /** Never rejects. @param endsConnection nothing more is to come over this connection */
  async answer(request: IncomingMessage, response: ServerResponse, endsConnection = false): Promise<void> {
    request.on('error', () => {})
    response.on('error', () => {})
    try {
      const reply = await this.#reply(request).catch((error: unknown) => replyOfError(error, this.#logger))
      sendReply(response, endsConnection ? { ...reply, endsConnection: true } : reply)
    } catch (error) {
      this.#logger.error({ err: error }, 'an answer was not sent')
      response.destroy()
    }
  }

  /** Ends streams and forgets codes and sign-ins. */
  close(): void {
    this.#extension?.close()
    this.#codes.close()
    this.#authorisation.signIns.endAll()
  }

  /** The page's own addresses are relative: it has to be looked at with a slash at the end. */
  #moved(request: IncomingMessage): Reply | null {
    const { basePath } = this.#place
    const [path, ...query] = wholeUrl(request).split('?')
    if (basePath === '' || path !== basePath) return null
    return { status: 308, text: '', headers: { location: [`${basePath}/`, ...query].join('?') } }
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const { allowedHosts = [] } = this.#options
    const early = hostProblem(request, { host: this.#place.host, allowedHosts })
    if (early !== null) return endingIfBody(request, early)
    const moved = this.#moved(request)
    if (moved !== null) return endingIfBody(request, moved)
    const target = parseTarget(this.pathOf(request) ?? '')
    if (target === null) return endingIfBody(request, refusal(400, 'invalid', 'The URL is malformed.'))
    const { params, routes } = matchRoutes(this.routes, target.segments)
    const { caller, problem } = await this.#authorisation.look(request)
    if (problem !== null && !routes.some((route) => route.isOpen)) return endingIfBody(request, problem)
    const found = chosenRoute(request, routes)
    if ('problem' in found) return endingIfBody(request, found.problem)
    const { route } = found
    if (problem !== null && !route.isOpen) return endingIfBody(request, problem)
    const isPage = route.isOpen && route.method === 'GET'
    const foreign = isPage ? null : originProblem(request)
    if (foreign !== null) return endingIfBody(request, foreign)
    const body = await readBody(request, maxBodyBytes)
    if ('problem' in body) return body.problem
    const { headers } = request
    return await route.handle({ params, query: target.query, headers, body: body.value, caller })
  }
}

function chosenRoute(
  request: IncomingMessage,
  routes: readonly Route[],
): { route: Route } | { problem: Reply } {
  if (routes.length === 0) return { problem: refusal(404, 'notFound', 'There is nothing at this path.') }
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const route = routes.find((candidate) => candidate.method === method)
  if (route !== undefined) return { route }
  const allow = routes.map((candidate) => candidate.method).join(', ')
  const problem = refusal(405, 'methodNotAllowed', `This path takes ${allow}.`)
  return { problem: { ...problem, headers: { allow } } }
}

/** A body that nobody reads would be taken for the next request. */
function endingIfBody(request: IncomingMessage, reply: Reply): Reply {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  return hasBody ? { ...reply, endsConnection: true } : reply
}
