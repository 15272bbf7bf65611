import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { SessionError } from '../errors.js'
import { type Clock, type Logger, silentLogger, systemClock } from '../ports/index.js'
import { Api, type ApiExtension, type ApiOptions, type ApiParts } from './api.js'
import { isLoopback } from './origin.js'
import type { Route } from './route.js'
import type { Supervised } from './supervised.js'

export interface HttpServerOptions extends ApiOptions {
  /** Default 127.0.0.1. An address that others reach needs a token. */
  readonly host?: string
  /** 0 takes a free one. Default 3000. */
  readonly port?: number
  /** Adds routes that build on the server's parts, e.g. the dashboard's. */
  readonly extend?: (parts: ApiParts) => ApiExtension
}

export interface HttpApi {
  readonly server: Server
  readonly routes: readonly Route[]
  /** Binds. @throws SessionError `unavailable` the port is taken · `invalid` the address cannot be used */
  listen(): Promise<{ url: string; host: string; port: number }>
  /** Accepts nothing more, lets running requests end for up to `graceMs` (default 2,000), leaves no handle. */
  close(options?: { graceMs?: number }): Promise<void>
}

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
  readonly #api: Api

  constructor(supervisor: Supervised, options: HttpServerOptions) {
    this.#options = options
    this.#host = options.host ?? '127.0.0.1'
    if (!isLoopback(this.#host) && options.token === undefined && options.isAllowed === undefined) {
      throw new SessionError(
        'invalid',
        `The server was not started: others reach ${this.#host}, and no token is set. Set DASHBOARD_TOKEN, or HOST=127.0.0.1.`,
      )
    }
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#api = new Api(supervisor, options, { host: this.#host, basePath: '', extend: options.extend })
    this.server = this.#createServer()
  }

  get routes(): readonly Route[] {
    return this.#api.routes
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
    this.#api.close()
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
      (request, response) => void this.#api.answer(request, response, !server.listening),
    )
    // More would only be somebody who holds connections open.
    server.maxConnections = 512
    server.on('clientError', (_error, socket) => refuseConnection(socket as Socket))
    return server
  }
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
