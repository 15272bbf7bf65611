import type { LinkEvent } from '../machines/index.js'
import type { TenantWork } from './actors/tenant-work.js'
import type { LiveLink, PairingRequest } from './ports/index.js'
import type { SessionHost } from './session-host.js'

export interface Connecting {
  readonly hasSession: boolean
  /** Whether the tenant is pairing, as of the last event. */
  readonly showsCodes: () => boolean
}

/** Connects one tenant to WhatsApp through the device link, and keeps WhatsApp waiting for what must be durable. */
export class SessionLink<Socket> {
  readonly #host: SessionHost<Socket>
  readonly #work: TenantWork
  readonly #pairing: PairingRequest
  readonly #onSocket: (socket: Socket) => void
  #live: LiveLink | null = null

  constructor(
    host: SessionHost<Socket>,
    work: TenantWork,
    pairing: PairingRequest,
    onSocket: (socket: Socket) => void,
  ) {
    this.#host = host
    this.#work = work
    this.#pairing = pairing
    this.#onSocket = onSocket
  }

  /** What pairing has stored, up to `urgentPosition`, is committed before the reconnect that follows it. */
  async turnToConnect(urgentPosition: number, aborted: AbortSignal): Promise<{ free(): void }> {
    await this.#barrier(urgentPosition)
    return await this.#host.connects.turn(aborted)
  }

  connect({ hasSession, showsCodes }: Connecting, send: (event: LinkEvent) => void): LiveLink {
    const { tenantId } = this.#work
    this.#live = this.#host.link.connect({
      tenantId,
      files: this.#work.folder!,
      hasSession,
      pairing: this.#pairing,
      barrier: (position) => this.#barrier(position),
      onSocket: this.#onSocket,
      events: {
        opened: (phoneNumber) => {
          this.#work.phoneNumber = phoneNumber
          this.#noteTime('lastConnectedAt')
          send({ type: 'socket.open' })
        },
        code: (kind, text) => {
          send({ type: 'socket.code', kind })
          // The machine may have refused it: a session exists, or a new one may not be made.
          if (showsCodes()) this.#host.code(tenantId, kind, text)
        },
        closed: (code, codesEnded, neverLinked = false) => {
          this.#work.neverLinked = neverLinked
          this.#host.report({ type: 'link.closed', tenantId, code })
          this.#noteTime('lastDisconnectedAt')
          send({ type: 'socket.closed', code, codesEnded })
        },
      },
    })
    return this.#live
  }

  /** Ends the newest connection at once; one that is over stays so. */
  cut(): void {
    this.#live?.abort()
  }

  /** Resolves when `position` is committed, or after the limit: the change is then reported as unprotected. */
  #barrier(position: number): Promise<void> {
    const { clock, settings } = this.#host
    return new Promise((resolve) => {
      const limitMs = settings.barrierLimitMs
      let cancel = () => {}
      const timer = clock.setTimeout(() => {
        cancel()
        this.#host.report({ type: 'change.unprotected', tenantId: this.#work.tenantId, waitedMs: limitMs })
        resolve()
      }, limitMs)
      cancel = this.#work.whenSaved(position, () => {
        clock.clearTimeout(timer)
        resolve()
      })
    })
  }

  #noteTime(field: 'lastConnectedAt' | 'lastDisconnectedAt'): void {
    const { lease, tenantId } = this.#work
    if (lease === null) return
    const at = this.#host.clock.now()
    this.#host.statuses.set({ tenantId, owner: lease.owner, epoch: lease.epoch, [field]: at })
  }
}
