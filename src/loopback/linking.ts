import type { BinaryNode } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import { certifyDevice, isCertified } from './adv.js'
import { Device } from './device.js'
import { lidJid, pnJid, SERVER_JID } from './jids.js'
import { contentBytes, descend, element } from './nodes.js'
import type { Offer } from './offers.js'
import type { Phone } from './phone.js'
import { count } from './stats.js'

/**
 * Tells the client that `phone` took it as a companion and waits for its countersignature. `advSecret` is the
 * secret both share, from the QR code or derived from the pairing code.
 * Throws `timeout`, `ended` when the client left, `corrupt` when it signed wrongly.
 */
export async function linkDevice(
  phone: Phone,
  offer: Offer,
  advSecret: Uint8Array,
  timeoutMs: number,
): Promise<Device> {
  const { world } = phone
  const number = phone.nextDeviceNumber()
  const id = world.newId()
  const account = phone.peer.creds.signedIdentityKey
  const { envelope } = certifyDevice(account, offer.keys.identityKey, advSecret, {
    keyIndex: number,
    timestamp: Number(world.nowSeconds()),
  })
  offer.awaiting = {
    id,
    check: (signedIdentity) => {
      if (!isCertified(signedIdentity, account.public, offer.keys.identityKey)) {
        throw new SessionError('corrupt', 'The client answered pair-success with a wrong device signature.')
      }
      return new Device(phone, number, offer.connection.clientKey, offer.keys)
    },
  }
  offer.connection.send(
    element('iq', { from: SERVER_JID, type: 'set', id, t: world.nowSeconds(), xmlns: 'md' }, [
      element('pair-success', {}, [
        element('device-identity', {}, envelope),
        element('device', { jid: pnJid(phone.number, number), lid: lidJid(phone.lidUser, number) }),
        element('platform', { name: 'android' }),
      ]),
    ]),
  )
  const outcome = await world.waiting.until(
    'the countersignature of a companion',
    timeoutMs,
    () => offer.outcome,
  )
  if (outcome instanceof SessionError) throw outcome
  return outcome
}

/** Takes the client's answer to `pair-success`; true when the stanza was one. */
export function takeCountersignature(
  phoneOf: (device: Device) => Phone,
  offer: Offer,
  node: BinaryNode,
): boolean {
  const signed = contentBytes(descend(node, 'pair-device-sign', 'device-identity'))
  if (!signed || !offer.awaiting || node.attrs.id !== offer.awaiting.id) return false
  try {
    const device = offer.awaiting.check(signed)
    const phone = phoneOf(device)
    phone.companions.set(device.id, device)
    count([phone.world.stats], 'pairings')
    offer.outcome = device
    offer.connection.streamError(515)
  } catch (error) {
    if (!(error instanceof SessionError)) throw error
    offer.outcome = error
    offer.connection.destroy()
  }
  return true
}
