import { Account, type Arrival, type ReceivedMessage, textOf } from './account.js'
import { AppState } from './app-state.js'
import type { Device } from './device.js'
import { element } from './nodes.js'
import { enterPairingCode } from './pairing-code.js'
import { scanQr } from './pairing-qr.js'
import type { World } from './world.js'

const DEFAULT_WAIT_MS = 20_000
const REMOVED = 401

/** A copy of what a companion sent, as the phone shows it in the chat. */
export interface SentCopy {
  id: string
  text: string
  /** The jid it was sent to. */
  to: string
}

/** An account with its primary device: it scans QR codes, and bots are its companions. */
export class Phone extends Account {
  readonly appState: AppState
  /** Copies of what the companions sent, which this phone decrypted. */
  readonly copies: SentCopy[] = []
  /** Messages other bots sent to this number. */
  readonly received: ReceivedMessage[] = []
  private lastDevice = 0

  constructor(world: World, number: string) {
    super(world, number)
    this.appState = new AppState(world)
  }

  /** The linked devices, oldest first. */
  get devices(): Device[] {
    return [...this.companions.values()].filter((device) => device.linked)
  }

  /**
   * Scans the QR code a client shows (`qr` of connection.update). Resolves when the client's countersignature
   * was verified; the client then reconnects. Throws `invalid`, `missing`, `timeout` (default 20 s), `ended`,
   * `corrupt`.
   */
  scan(qrText: string, { timeoutMs = DEFAULT_WAIT_MS }: { timeoutMs?: number } = {}): Promise<Device> {
    return scanQr(this, qrText, timeoutMs)
  }

  /** As {@link scan} for the code of `requestPairingCode`; waits for a client that asks for this number. */
  enterPairingCode(
    code: string,
    { timeoutMs = DEFAULT_WAIT_MS }: { timeoutMs?: number } = {},
  ): Promise<Device> {
    return enterPairingCode(this, code, timeoutMs)
  }

  /** "Log out" on the phone: the device is cut off, and refused with 401 from now on. */
  unlink(device: Device): void {
    device.linked = false
    device.queue.giveUpAll()
    device.connection?.streamError(REMOVED, element('conflict', { type: 'device_removed' }))
    this.world.waiting.changed()
  }

  /** Numbers of devices are never used twice, as WhatsApp's. */
  nextDeviceNumber(): number {
    this.lastDevice += 1
    return this.lastDevice
  }

  override arrived({ id, message, sender, group }: Arrival): void {
    const copy = message.deviceSentMessage
    const text = textOf(copy?.message ?? message)
    if (copy) this.copies.push({ id, text, to: copy.destinationJid ?? '' })
    else if (group && sender.phone === this) this.copies.push({ id, text, to: group })
    else if (sender.phone !== this) {
      this.received.push({ id, text, from: sender.phone.jid, ...(group ? { group } : {}) })
    }
    this.world.waiting.changed()
  }
}
