import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { SessionError } from '../errors.js'
import type { ServerCertificate } from './certificates.js'
import { Connection } from './connection.js'
import { connectionEvents } from './stanzas.js'
import { count } from './stats.js'
import type { World } from './world.js'

/** The listening side: 127.0.0.1 only. */
export class LoopbackServer {
  readonly port: number
  private readonly http: Server
  private readonly connections: Set<Connection>

  /** Throws `unavailable` when the port cannot be listened on. */
  static async listen(world: World, certificate: ServerCertificate, port: number): Promise<LoopbackServer> {
    const http = createServer((_request, response) => response.writeHead(426).end())
    const connections = new Set<Connection>()
    acceptConnections(world, certificate, http, connections)
    await new Promise<void>((resolve, reject) => {
      http.once('error', (cause) =>
        reject(
          new SessionError(
            'unavailable',
            `Port ${port} of 127.0.0.1 cannot be used; take 0 for a free one.`,
            { cause },
          ),
        ),
      )
      http.listen(port, '127.0.0.1', resolve)
    })
    return new LoopbackServer(http, connections)
  }

  private constructor(http: Server, connections: Set<Connection>) {
    this.http = http
    this.connections = connections
    this.port = (http.address() as AddressInfo).port
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    for (const connection of this.connections) connection.destroy()
    await new Promise<void>((resolve) => {
      this.http.close(() => resolve())
      this.http.closeAllConnections()
    })
  }
}

function acceptConnections(
  world: World,
  certificate: ServerCertificate,
  http: Server,
  connections: Set<Connection>,
): void {
  const upgrades = new WebSocketServer({ noServer: true })
  const events = connectionEvents(world, connections)
  http.on('connection', (socket) => {
    socket.setNoDelay(true)
    if (world.faults.takeRefusal()) socket.resetAndDestroy()
  })
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    if (world.faults.takeUnavailable()) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      count([world.stats], 'connections')
      connections.add(new Connection(webSocket, certificate, world, events))
    })
  })
}
