import type { Supervised } from './supervised.js'

export interface PairingCode {
  readonly kind: 'qr' | 'pairingCode'
  /** Secret: whoever has it can link a device of the account. */
  readonly code: string
  /** Milliseconds since the Unix epoch. A QR code is replaced after 20 to 60 s. */
  readonly shownAt: number
}

/** The code that each pairing tenant shows now; forgotten the moment it is of no more use. */
export class PairingCodes {
  readonly #supervisor: Supervised
  readonly #codes = new Map<string, PairingCode>()
  readonly #undo: readonly (() => void)[]

  constructor(supervisor: Supervised, now: () => number) {
    this.#supervisor = supervisor
    this.#undo = [
      supervisor.on('qr', ({ tenantId, qr }) => {
        this.#codes.set(tenantId, { kind: 'qr', code: qr, shownAt: now() })
      }),
      supervisor.on('pairingCode', ({ tenantId, code }) => {
        this.#codes.set(tenantId, { kind: 'pairingCode', code, shownAt: now() })
      }),
      // The session is told of a code right after its listeners, before anything else changes.
      supervisor.on('changed', ({ tenantId }) => {
        if (!this.#isPairing(tenantId)) this.#codes.delete(tenantId)
      }),
      supervisor.on('closed', ({ tenantId }) => void this.#codes.delete(tenantId)),
    ]
  }

  get(tenantId: string): PairingCode | null {
    return this.#isPairing(tenantId) ? (this.#codes.get(tenantId) ?? null) : null
  }

  close(): void {
    for (const undo of this.#undo) undo()
    this.#codes.clear()
  }

  #isPairing(tenantId: string): boolean {
    const session = this.#supervisor.get(tenantId)
    return session !== undefined && session.result === null && session.link === 'pairing'
  }
}
