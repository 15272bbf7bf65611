import type { WASocket } from '@whiskeysockets/baileys'
import type { DeviceLink, LinkRequest, LiveLink } from '../../src/index.js'

/** Who is connected, of all hosts that share it, and how often a second connection met a first. */
export class EagerWhatsApp {
  /** By tenant: the host that it is connected at. */
  readonly connected = new Map<string, string>()
  /** Every connection that opened, in order. */
  readonly opened: { tenantId: string; host: string }[] = []
  codes = 0
  twice = 0
  /** Ends a connection that is open, by tenant. */
  readonly close = new Map<string, (code: number) => void>()
  /** Tenants whose connection is refused with this code. */
  readonly refused = new Map<string, number>()

  at(host: string): string[] {
    return [...this.connected].filter(([, at]) => at === host).map(([tenantId]) => tenantId)
  }
}

/** A way to it that needs no test to say anything: whoever has no session is paired, and it opens. */
export class EagerLink implements DeviceLink<WASocket> {
  readonly #whatsApp: EagerWhatsApp
  readonly #host: string
  /** Codes are shown and nobody scans them. */
  pairs = true
  isDead = false
  readonly requests = new Map<string, LinkRequest<WASocket>>()

  constructor(whatsApp: EagerWhatsApp, host: string) {
    this.#whatsApp = whatsApp
    this.#host = host
  }

  connect(request: LinkRequest<WASocket>): LiveLink {
    const { tenantId } = request
    this.requests.set(tenantId, request)
    let over = false
    const end = (code: number | null) => {
      if (over) return
      over = true
      if (this.isDead) return
      if (this.#whatsApp.connected.get(tenantId) === this.#host) this.#whatsApp.connected.delete(tenantId)
      if (code !== null) request.events.closed(code, false)
    }
    void this.#open(request, () => over, end)
    return { stop: () => end(428), logout: () => end(401), abort: () => end(null) }
  }

  /** The process is gone, and its connections. */
  die(): void {
    this.isDead = true
    for (const tenantId of this.#whatsApp.at(this.#host)) this.#whatsApp.connected.delete(tenantId)
  }

  async #open(request: LinkRequest<WASocket>, isOver: () => boolean, end: (code: number) => void) {
    const { tenantId, hasSession, files, events } = request
    request.onSocket({} as WASocket)
    await Promise.resolve()
    if (isOver()) return
    if (!hasSession) {
      this.#whatsApp.codes++
      events.code('qr', 'a code')
      if (!this.pairs) return
      await files.write(new Map([['creds.json', credsOf(tenantId)]]), 'urgent')
    }
    const refusal = this.#whatsApp.refused.get(tenantId)
    if (refusal !== undefined) return end(refusal)
    if (isOver() || this.isDead) return
    if (this.#whatsApp.connected.has(tenantId)) this.#whatsApp.twice++
    this.#whatsApp.connected.set(tenantId, this.#host)
    this.#whatsApp.close.set(tenantId, end)
    this.#whatsApp.opened.push({ tenantId, host: this.#host })
    events.opened(null)
  }
}

function credsOf(tenantId: string): string {
  return JSON.stringify({ me: { id: `${tenantId}@s` }, account: {}, nextPreKeyId: 31, registered: true })
}
