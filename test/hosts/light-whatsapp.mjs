import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** What WhatsApp takes to log a device in, about. */
const logInMs = 150

/** A stand-in for WhatsApp that knows who is connected: a tenant connected twice has its first connection replaced. */
export class LightWhatsApp {
  #watch
  #server
  #current = new Map()
  /** The highest number that a tenant's host said it had written. */
  #written = new Map()

  /** @param watch told of `opened`, `closed` and `lost` */
  constructor(watch) {
    this.#watch = watch
    this.#server = createServer((socket) => this.#serve(socket))
  }

  async open() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return { lightPort: this.#server.address().port }
  }

  close() {
    this.#server.close()
  }

  #serve(socket) {
    const host = { name: '', send: (message) => socket.write(`${JSON.stringify(message)}\n`) }
    socket.on('error', () => {})
    // It passes on the errors of its input: a host that was killed resets its connection.
    createInterface({ input: socket })
      .on('error', () => {})
      .on('line', (line) => this.#heard(host, JSON.parse(line)))
    socket.on('close', () => {
      for (const [tenantId, current] of this.#current)
        if (current.host === host) this.#logOff(tenantId, current, 0)
    })
  }

  #heard(host, { type, id, tenantId, count, name }) {
    if (type === 'host') host.name = name
    if (type === 'wrote') this.#written.set(tenantId, Math.max(count, this.#written.get(tenantId) ?? 0))
    if (type === 'logIn') this.#logIn({ host, id, tenantId, count })
    if (type === 'logOff') {
      const current = this.#current.get(tenantId)
      if (current?.host === host && current.id === id) this.#logOff(tenantId, current, 428)
    }
  }

  #logIn({ host, id, tenantId, count }) {
    const before = this.#current.get(tenantId)
    if (before) {
      before.host.send({ id: before.id, type: 'closed', code: 440 })
      this.#logOff(tenantId, before, 440)
    }
    this.#current.set(tenantId, { host, id })
    const missing = (this.#written.get(tenantId) ?? 0) - count
    if (missing > 0) this.#watch.lost(tenantId, missing)
    this.#written.set(tenantId, count)
    setTimeout(() => {
      if (this.#current.get(tenantId)?.id !== id) return
      host.send({ id, type: 'opened' })
      this.#watch.opened(tenantId, host.name)
    }, logInMs)
  }

  #logOff(tenantId, current, code) {
    this.#current.delete(tenantId)
    this.#watch.closed(tenantId, current.host.name, code)
  }

  /** Nobody scans anything: a session is made at once. */
  scan() {}
}
