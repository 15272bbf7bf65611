import { randomBytes } from 'node:crypto'
import type { SessionError } from '../errors.js'
import type { Connection } from './connection.js'
import type { Device } from './device.js'
import type { DeviceKeys } from './device-keys.js'

/** A client waiting to be paired with a phone. */
export interface Offer {
  connection: Connection
  keys: DeviceKeys
  refs: string[]
  /** What the pairing code flow knows once the client asked for a number. */
  hello?: { number: string; wrappedEphemeral: Buffer }
  /** The `companion_finish` of the pairing code flow. */
  finish?: { bundle: Buffer }
  /** Id of the `pair-success` that was sent, and what its answer must be checked with. */
  awaiting?: { id: string; check(signedIdentity: Uint8Array): Device }
  outcome?: Device | SessionError
}

/** The clients that wait to be paired, found by what is in a QR code or by the number they asked for. */
export class Offers {
  private readonly all = new Map<Connection, Offer>()

  open(connection: Connection, keys: DeviceKeys, refCount: number): Offer {
    const refs = Array.from({ length: refCount }, () => `2@${randomBytes(24).toString('base64')}`)
    const offer = { connection, keys, refs }
    this.all.set(connection, offer)
    return offer
  }

  of(connection: Connection): Offer | undefined {
    return this.all.get(connection)
  }

  byRef(ref: string): Offer | undefined {
    return [...this.all.values()].find((offer) => offer.refs.includes(ref))
  }

  /** The latest client that asked to be paired with this number by code. */
  byNumber(number: string): Offer | undefined {
    return [...this.all.values()].reverse().find((offer) => offer.hello?.number === number)
  }

  remove(connection: Connection): Offer | undefined {
    const offer = this.all.get(connection)
    this.all.delete(connection)
    return offer
  }
}
