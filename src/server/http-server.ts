import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { SessionError } from '../errors.js'
import { type Clock, type Logger, silentLogger, systemClock } from '../ports/index.js'
import { Authorisation } from './authorisation.js'
import { readBody } from './body.js'
import { healthRoutes } from './health-routes.js'
import { hostProblem, isLoopback, originProblem } from './origin.js'
import { PairingCodes } from './pairing-codes.js'
import { Readiness } from './readiness.js'
import { type Reply, refusal, replyOfError, sendReply } from './reply.js'
import { matchRoutes, parseTarget, type Route } from './route.js'
import type { Supervised } from './supervised.js'
import { TenantList } from './tenant-list.js'
import { tenantRoutes } from './tenant-routes.js'

export interface HttpServerOptions {
  /** Default 127.0.0.1. An address that others reach needs a token. */
  readonly host?: string
  /** 0 takes a free one. Default 3000. */
  readonly port?: number
  /** Every route but `/healthz` and `/readyz` then needs `Authorization: Bearer …`. */
  readonly token?: string
  /** Names in the Host header that are answered to beside the loopback ones and `host`. */
  readonly allowedHosts?: readonly string[]
  /** More routes, e.g. a dashboard's. */
  readonly routes?: readonly Route[]
  /** Longest that a request waits for what it asked for. Default 60,000. */
  readonly operationLimitMs?: number
  readonly logger?: Logger
  readonly clock?: Clock
}

export interface HttpApi {
  readonly server: Server
  /** Binds. @throws SessionError `unavailable` the port is taken · `invalid` the address cannot be used */
  listen(): Promise<{ url: string; host: string; port: number }>
  /** Accepts nothing more, lets running requests end for up to `graceMs` (default 2,000), leaves no handle. */
  close(options?: { graceMs?: number }): Promise<void>
}

export const maxBodyBytes = 64 * 1024

/**
 * The HTTP API of a supervisor, or of workers. Nothing listens before `listen`.
 * @throws SessionError `invalid` an address that others reach, without a token
 */
export function createHttpServer(supervisor: Supervised, options: HttpServerOptions = {}): HttpApi {
  return new ApiServer(supervisor, options)
}

class ApiServer implements HttpApi {
  readonly server: Server
  readonly #options: HttpServerOptions
  readonly #host: string
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #authorisation: Authorisation
  readonly #codes: PairingCodes
  readonly #routes: readonly Route[]

  constructor(supervisor: Supervised, options: HttpServerOptions) {
    this.#options = options
    this.#host = options.host ?? '127.0.0.1'
    if (!isLoopback(this.#host) && options.token === undefined) {
      throw new SessionError(
        'invalid',
        `The server was not started: others reach ${this.#host}, and no token is set. Set DASHBOARD_TOKEN, or HOST=127.0.0.1.`,
      )
    }
    const clock = options.clock ?? systemClock
    this.#clock = clock
    this.#logger = options.logger ?? silentLogger
    this.#authorisation = new Authorisation(options.token, clock)
    this.#codes = new PairingCodes(supervisor, () => clock.now())
    const tenants = new TenantList(supervisor, clock)
    const operationLimitMs = options.operationLimitMs ?? 60_000
    this.#routes = [
      ...healthRoutes(new Readiness(supervisor, clock, this.#logger), tenants),
      ...tenantRoutes({ supervisor, tenants, codes: this.#codes, clock, operationLimitMs }),
      ...(options.routes ?? []),
    ]
    this.server = this.#createServer()
  }

  listen(): Promise<{ url: string; host: string; port: number }> {
    const port = this.#options.port ?? 3000
    return new Promise((resolve, reject) => {
      this.server.on('error', (error) => {
        if (this.server.listening)
          this.#logger.warn({ err: error }, 'the HTTP server has a problem; it goes on')
        else reject(listenError(error, this.#host, port))
      })
      this.server.listen({ host: this.#host, port }, () => {
        const bound = (this.server.address() as AddressInfo).port
        const name = this.#host.includes(':') ? `[${this.#host}]` : this.#host
        resolve({ url: `http://${name}:${bound}`, host: this.#host, port: bound })
      })
    })
  }

  async close({ graceMs = 2_000 }: { graceMs?: number } = {}): Promise<void> {
    this.#codes.close()
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    this.server.closeIdleConnections()
    const timer = this.#clock.setTimeout(() => this.server.closeAllConnections(), graceMs)
    await closed
    this.#clock.clearTimeout(timer)
  }

  #createServer(): Server {
    const server = createServer(
      {
        headersTimeout: 10_000,
        requestTimeout: 15_000,
        keepAliveTimeout: 5_000,
        connectionsCheckingInterval: 5_000,
      },
      (request, response) => {
        request.on('error', () => {})
        response.on('error', () => {})
        this.#answer(request)
          .catch((error: unknown) => replyOfError(error, this.#logger))
          .then((reply) => sendReply(response, server.listening ? reply : { ...reply, endsConnection: true }))
          .catch((error: unknown) => this.#logger.error({ err: error }, 'an answer was not sent'))
      },
    )
    // More would only be somebody who holds connections open.
    server.maxConnections = 512
    server.on('clientError', (_error, socket) => refuseConnection(socket as Socket))
    return server
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const early = hostProblem(request, {
      host: this.#host,
      allowedHosts: this.#options.allowedHosts ?? [],
    })
    if (early !== null) return endingIfBody(request, early)
    const target = parseTarget(request.url ?? '')
    if (target === null) return endingIfBody(request, refusal(400, 'invalid', 'The URL is malformed.'))
    const { params, routes } = matchRoutes(this.#routes, target.segments)
    if (!routes.some((route) => route.isOpen)) {
      const problem = this.#authorisation.problem(request)
      if (problem !== null) return endingIfBody(request, problem)
    }
    const found = chosenRoute(request, routes)
    if ('problem' in found) return endingIfBody(request, found.problem)
    const foreign = found.route.method === 'GET' ? null : originProblem(request)
    if (foreign !== null) return endingIfBody(request, foreign)
    const body = await readBody(request, maxBodyBytes)
    if ('problem' in body) return body.problem
    return await found.route.handle({ params, query: target.query, body: body.value })
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

/** What cannot be parsed as HTTP is told so, once, and cut off. */
function refuseConnection(socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const body = '{"error":{"code":"invalid","message":"The request is not valid HTTP."}}\n'
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): SessionError {
  if (cause.code === 'EADDRINUSE') {
    return new SessionError(
      'unavailable',
      `Port ${port} of ${host} is taken by another program. End that, or set PORT to another one.`,
      { cause },
    )
  }
  if (cause.code === 'EACCES') {
    return new SessionError(
      'invalid',
      `Port ${port} of ${host} may not be used (${cause.code}). Set PORT to one above 1023.`,
      { cause },
    )
  }
  return new SessionError(
    'invalid',
    `The server cannot listen on ${host}, port ${port} (${cause.code ?? 'unknown'}). Set HOST to an address of this machine, e.g. 127.0.0.1.`,
    { cause },
  )
}
