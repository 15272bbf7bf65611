import { pathToFileURL } from 'node:url'

/** The loopback WhatsApp with a phone for each tenant; real Baileys connects to it. */
export class RealWhatsApp {
  #dist
  #server
  #phones = new Map()

  constructor(dist) {
    this.#dist = dist
  }

  async open() {
    const { startLoopback } = await import(pathToFileURL(`${this.#dist}/src/loopback/index.js`))
    this.#server = await startLoopback()
    return { url: this.#server.url, rootPublicKey: this.#server.rootPublicKey }
  }

  scan(tenantId, qr) {
    const known = this.#phones.get(tenantId)
    const phone =
      known ?? this.#server.phone({ number: `62812${String(this.#phones.size).padStart(7, '0')}` })
    this.#phones.set(tenantId, phone)
    Promise.resolve(phone.scan(qr)).catch(() => {})
  }

  async close() {
    await this.#server.close()
  }
}
