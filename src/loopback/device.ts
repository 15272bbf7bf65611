import type { Connection } from './connection.js'
import { type Delivery, DeliveryQueue } from './delivery-queue.js'
import type { DeviceKeys } from './device-keys.js'
import { lidJid, pnJid } from './jids.js'
import type { Phone } from './phone.js'

/** A companion linked to a phone: what Baileys is. */
export class Device {
  readonly phone: Phone
  /** The number after the colon in its jid. */
  readonly id: number
  readonly noiseKey: Buffer
  readonly keys: DeviceKeys
  readonly queue = new DeliveryQueue()
  /** Successful logins so far. */
  logins = 0
  linked = true
  /** The connection that logged in last, while it is open. */
  connection: Connection | undefined
  /** The phone already shared its app-state key with it. */
  initialised = false
  private live = false

  constructor(phone: Phone, id: number, noiseKey: Buffer, keys: DeviceKeys) {
    this.phone = phone
    this.id = id
    this.noiseKey = noiseKey
    this.keys = keys
  }

  get jid(): string {
    return pnJid(this.phone.number, this.id)
  }

  get lid(): string {
    return lidJid(this.phone.lidUser, this.id)
  }

  /** Logged in, and everything that waited for it was sent. */
  get online(): boolean {
    return this.live && this.connection?.open === true
  }

  /** One-time pre-keys the server can still hand out. */
  get preKeysOnServer(): number {
    return this.keys.count
  }

  /** Messages that wait for this device's receipt. */
  get pending(): number {
    return this.queue.messages
  }

  /** Resolves when {@link online}; throws `timeout` (default 20 s) or `closed`. */
  async waitForOnline({ timeoutMs = 20_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const { waiting } = this.phone.world
    await waiting.until('a device to come online', timeoutMs, () => this.online || undefined)
  }

  /** Resolves when the device has no connection; throws `timeout` (default 20 s) or `closed`. */
  async waitForOffline({ timeoutMs = 20_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const { waiting } = this.phone.world
    await waiting.until('a device to go offline', timeoutMs, () => (this.connection ? undefined : true))
  }

  /** Queues a stanza, and sends it now when the device is online. Nothing reaches an unlinked device. */
  deliver(delivery: Delivery): void {
    if (this.linked) this.queue.add(delivery, this.online ? this.connection : undefined)
  }

  attach(connection: Connection): void {
    this.connection = connection
    this.live = false
    this.logins += 1
  }

  goLive(): void {
    this.live = true
    this.phone.world.waiting.changed()
  }

  detach(connection: Connection): void {
    if (this.connection !== connection) return
    this.connection = undefined
    this.live = false
  }
}
