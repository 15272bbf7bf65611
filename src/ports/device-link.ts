import type { KeyFiles } from './key-files.js'

/** How a new device is linked: by a QR code to scan, or by a code to type when a phone number is given. */
export interface PairingRequest {
  /** Digits with country code; `+`, spaces and dashes are dropped. Without it a QR code is shown. */
  readonly phoneNumber?: string
}

export interface LinkRequest<Socket> {
  readonly tenantId: string
  readonly files: KeyFiles
  /** False: it is proven that no session exists, a new identity may be made. True: never. */
  readonly hasSession: boolean
  readonly pairing: PairingRequest
  /** Resolves when everything up to `position` is durable remotely, or after a bounded wait; never rejects. */
  barrier(position: number): Promise<void>
  /** Called with each new socket before it connects, so that handlers can be attached. */
  onSocket(socket: Socket): void
  readonly events: LinkEvents
}

/** What a link reports; nothing after `closed`. */
export interface LinkEvents {
  /** @param phoneNumber the own number, digits only, when known */
  opened(phoneNumber: string | null): void
  /** A code for a person. `text` is a secret: it is shown, never logged. */
  code(kind: 'qr' | 'pairingCode', text: string): void
  /**
   * @param code close code as in machines/disconnect.ts
   * @param codesEnded nobody used any of the codes offered
   * @param neverLinked refused as logged out, with a session that had never logged in: its pairing was cut off before
   *   WhatsApp had our answer, so there never was such a device
   */
  closed(code: number, codesEnded: boolean, neverLinked?: boolean): void
}

/** One connection, from made to closed. */
export interface LiveLink {
  /** Lets messages that are being sent finish (bounded), refuses key writes, closes; `closed` follows. */
  stop(): void
  /** Unlinks the device at WhatsApp, then closes; `closed(401)` follows only when WhatsApp has confirmed it. */
  logout(): void
  /** Ends at once, without waiting and without further events. */
  abort(): void
}

/** The way to WhatsApp. */
export interface DeviceLink<Socket = unknown> {
  connect(request: LinkRequest<Socket>): LiveLink
}
