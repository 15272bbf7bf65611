import { SessionError } from '../errors.js'
import type { Connection } from './connection.js'
import type { Device } from './device.js'
import type { DeviceKeys } from './device-keys.js'
import { SERVER_JID } from './jids.js'
import { linkDevice } from './linking.js'
import { element } from './nodes.js'
import type { Phone } from './phone.js'
import { count } from './stats.js'
import type { World } from './world.js'

const REFS_PER_OFFER = 6

/** Offers a client that has no account yet to be paired: it shows the refs as QR codes, one after another. */
export function offerPairing(world: World, connection: Connection, keys: DeviceKeys): void {
  const offer = world.offers.open(connection, keys, REFS_PER_OFFER)
  count([world.stats], 'qrCodesServed')
  const refs = offer.refs.map((ref) => element('ref', {}, Buffer.from(ref)))
  const attrs = { from: SERVER_JID, type: 'set', id: world.newId(), xmlns: 'md' }
  connection.send(element('iq', attrs, [element('pair-device', {}, refs)]))
  world.waiting.changed()
}

/**
 * What a phone does that scans `qrText`. Throws `invalid` for other texts and keys that are not the client's,
 * `missing` when the code is no longer shown, and as {@link linkDevice}.
 */
export async function scanQr(phone: Phone, qrText: string, timeoutMs: number): Promise<Device> {
  const [ref, noiseKey, identityKey, advSecret] = qrText.slice(qrText.indexOf('#') + 1).split(',')
  if (!ref || !noiseKey || !identityKey || !advSecret) {
    throw new SessionError(
      'invalid',
      'The text is not a WhatsApp pairing QR code; give the `qr` of connection.update.',
    )
  }
  const offer = phone.world.offers.byRef(ref)
  if (!offer) {
    throw new SessionError('missing', 'No client shows this QR code any more; take the latest one.')
  }
  const { connection, keys } = offer
  if (
    !connection.clientKey.equals(fromBase64(noiseKey)) ||
    !keys.identityKey.equals(fromBase64(identityKey))
  ) {
    throw new SessionError('invalid', 'The QR code holds other keys than the client that shows it.')
  }
  return linkDevice(phone, offer, fromBase64(advSecret), timeoutMs)
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64')
}
