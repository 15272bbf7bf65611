import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const page = '<html><head><title>502 Bad Gateway</title></head></html>'
const badGateway = [
  'HTTP/1.1 502 Bad Gateway',
  'content-type: text/html',
  `content-length: ${page.length}`,
  'connection: close',
  '',
  page,
].join('\r\n')

/** A TCP proxy before a store's server, which can be stopped as a network or a gateway stops it. */
export class StoreProxy {
  url
  #target
  #server = null
  #port = 0
  #fault = null
  #sockets = new Set()

  /** @param target URL of the server  */
  static async open(target) {
    const proxy = new StoreProxy()
    proxy.#target = new URL(target)
    await proxy.#listen()
    proxy.url = `http://127.0.0.1:${proxy.#port}`
    return proxy
  }

  /** `refuse` connections · `hang`: they are taken and never answered · `errors`: a gateway's page for everything. */
  async stop(fault) {
    this.#fault = fault
    // What hangs keeps its connections, and they say nothing any more.
    if (fault === 'hang') for (const socket of this.#sockets) socket.unpipe().pause()
    else this.#cut()
    if (fault === 'refuse') await this.#unlisten()
  }

  async start() {
    this.#fault = null
    this.#cut()
    if (this.#server === null) await this.#listen()
  }

  async close() {
    this.#cut()
    if (this.#server !== null) await this.#unlisten()
  }

  async #listen() {
    this.#server = createServer((client) => this.#take(client))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = this.#server.address().port
  }

  async #unlisten() {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server = null
    await closed
  }

  #take(client) {
    this.#watch(client)
    if (this.#fault === 'hang') return
    if (this.#fault === 'errors') return void client.once('data', () => client.end(badGateway))
    const server = connect(Number(this.#target.port), this.#target.hostname)
    this.#watch(server)
    client.pipe(server).pipe(client)
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      one.once('close', () => other.destroy())
    }
  }

  #watch(socket) {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #cut() {
    for (const socket of [...this.#sockets]) socket.destroy()
  }
}
