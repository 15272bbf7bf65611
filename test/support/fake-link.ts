import type { WASocket } from '@whiskeysockets/baileys'
import type { DeviceLink, KeyFileBatch, LinkRequest, LiveLink } from '../../src/index.js'

/** WhatsApp without WhatsApp: a test says when a connection opens, shows a code or closes. */
export class FakeLink implements DeviceLink<WASocket> {
  /** Every connection ever made, the newest last. */
  readonly connections: FakeConnection[] = []
  readonly #waiting = new Set<() => void>()

  connect(request: LinkRequest<WASocket>): LiveLink {
    const connection = new FakeConnection(request)
    this.connections.push(connection)
    for (const look of [...this.#waiting]) look()
    return connection
  }

  /** The tenant's newest connection that is not over, as soon as there is one. */
  connection(tenantId: string): Promise<FakeConnection> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.connections.findLast((each) => each.request.tenantId === tenantId && !each.isOver)
        if (found === undefined) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export class FakeConnection implements LiveLink {
  readonly request: LinkRequest<WASocket>
  isOver = false
  /** False: a logout is not confirmed by WhatsApp. */
  confirmsLogout = true

  constructor(request: LinkRequest<WASocket>) {
    this.request = request
    request.onSocket({} as WASocket)
  }

  code(kind: 'qr' | 'pairingCode', text: string): void {
    if (!this.isOver) this.request.events.code(kind, text)
  }

  /** The phone has confirmed: key files appear, the connection opens. */
  async pair(phoneNumber: string): Promise<void> {
    await this.write(new Map([['creds.json', pairedCreds(phoneNumber)]]), 'urgent')
    this.open(phoneNumber)
  }

  open(phoneNumber: string | null = null): void {
    if (!this.isOver) this.request.events.opened(phoneNumber)
  }

  write(batch: KeyFileBatch, urgency: 'ordinary' | 'urgent' = 'ordinary'): Promise<number> {
    return this.request.files.write(batch, urgency)
  }

  /** @param code as in machines/disconnect.ts */
  close(code: number, codesEnded = false, neverLinked = false): void {
    if (this.isOver) return
    this.isOver = true
    this.request.events.closed(code, codesEnded, neverLinked)
  }

  stop(): void {
    this.close(428)
  }

  logout(): void {
    if (this.confirmsLogout) this.close(401)
  }

  abort(): void {
    this.isOver = true
  }
}

function pairedCreds(phoneNumber: string): string {
  return JSON.stringify({
    me: { id: `${phoneNumber}:1@s.whatsapp.net` },
    account: { details: '' },
    nextPreKeyId: 31,
    registered: true,
  })
}
