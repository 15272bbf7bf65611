import { SessionError } from '../errors.js'
import type { Connection } from './connection.js'
import type { Device } from './device.js'
import { SERVER_JID } from './jids.js'
import { element } from './nodes.js'

/** How often a fault strikes: a number of times, until switched off, or not at all. */
export type Times = number | boolean

function take(left: Times): { strikes: boolean; left: Times } {
  if (typeof left === 'boolean') return { strikes: left, left }
  return { strikes: left > 0, left: Math.max(0, left - 1) }
}

/** What can go wrong between a client and WhatsApp, on demand. Close codes are what Baileys reports. */
export class Faults {
  /** Every stanza to a client waits this long; 0 is at once. */
  delayMs = 0
  private refusing: Times = 0
  private unavailable: Times = 0
  private silentLogins: Times = 0
  private loginFailure: { reason: number; left: Times } | undefined

  /** The next connections (`true`: all until `false`) are reset before any answer: 408. */
  refuse(times: Times = 1): void {
    this.refusing = times
  }

  /** The next WebSocket upgrades are answered with HTTP 503: Baileys tells nothing for a long time. */
  upgrade503(times: Times = 1): void {
    this.unavailable = times
  }

  /** The next logins get no answer at all: Baileys tells nothing. */
  noSuccess(times: Times = 1): void {
    this.silentLogins = times
  }

  /** The next logins are refused with this reason: the same code. */
  failLogin(reason: 401 | 402 | 403 | 405 | 503 | (number & {}), times: Times = 1): void {
    this.loginFailure = { reason, left: times }
  }

  /** The device's connection stays open, but nothing is heard or said on it any more: 408 in the end. */
  mute(device: Device): void {
    connectionOf(device).muted = true
  }

  /** The device's TCP connection is cut: 428. */
  drop(device: Device): void {
    connectionOf(device).destroy()
  }

  /** The device gets a frame that it cannot decrypt. What it is sent after that, it cannot decrypt either. */
  garble(device: Device): void {
    connectionOf(device).garble()
  }

  /** The device's stream ends with this error: the same code. */
  streamError(device: Device, code: 515 | 503 | 500 | 428 | 403 | (number & {})): void {
    connectionOf(device).streamError(code)
  }

  /** The device is told that another client took its place: 440. */
  replaced(device: Device): void {
    connectionOf(device).streamError(undefined, element('conflict', { type: 'replaced' }))
  }

  /** The device is told that the server has `count` of its pre-keys left, whatever it really has. */
  preKeysLow(device: Device, count = 3): void {
    const { world } = device.phone
    const id = world.newId()
    const attrs = { from: SERVER_JID, type: 'encrypt', id, t: world.nowSeconds() }
    const node = element('notification', attrs, [element('count', { value: String(count) })])
    device.deliver({ tag: 'notification', id, node })
  }

  /** The last message to the device is sent again, answered or not; false when there was none. */
  redeliver(device: Device): boolean {
    return device.queue.redeliver(connectionOf(device))
  }

  /** Ends all standing faults; what was done to connections stays done. */
  clear(): void {
    this.delayMs = 0
    this.refusing = this.unavailable = this.silentLogins = 0
    this.loginFailure = undefined
  }

  /** @internal */
  takeRefusal(): boolean {
    const { strikes, left } = take(this.refusing)
    this.refusing = left
    return strikes
  }

  /** @internal */
  takeUnavailable(): boolean {
    const { strikes, left } = take(this.unavailable)
    this.unavailable = left
    return strikes
  }

  /** @internal */
  takeNoSuccess(): boolean {
    const { strikes, left } = take(this.silentLogins)
    this.silentLogins = left
    return strikes
  }

  /** @internal */
  takeLoginFailure(): number | undefined {
    if (!this.loginFailure) return undefined
    const { strikes, left } = take(this.loginFailure.left)
    this.loginFailure.left = left
    return strikes ? this.loginFailure.reason : undefined
  }
}

function connectionOf(device: Device): Connection {
  if (!device.connection) {
    throw new SessionError(
      'missing',
      'The device has no connection this could happen to; wait until it is online.',
    )
  }
  return device.connection
}
