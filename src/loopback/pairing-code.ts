import { randomBytes } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  Curve,
  derivePairingCodeKey,
  hkdf,
} from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import type { Device } from './device.js'
import { parseJid, SERVER_JID } from './jids.js'
import { linkDevice } from './linking.js'
import { bytesOf, descend, element, iqError, iqResult } from './nodes.js'
import type { Offer } from './offers.js'
import type { Phone } from './phone.js'
import type { World } from './world.js'

const EMPTY = Buffer.alloc(0)

/** Takes `companion_hello` and `companion_finish` of a client; gives the answer. */
export function answerLinkCode(world: World, offer: Offer | undefined, iq: BinaryNode): BinaryNode {
  const registration = descend(iq, 'link_code_companion_reg')
  const ref = Buffer.from(offer?.refs[0] ?? '')
  if (offer && registration?.attrs.stage === 'companion_hello') {
    const number = parseJid(registration.attrs.jid)?.user
    const wrapped = bytesOf(registration, 'link_code_pairing_wrapped_companion_ephemeral_pub')
    if (!number || wrapped?.length !== 80) return iqError(iq, 400, 'bad-request')
    offer.hello = { number, wrappedEphemeral: wrapped }
    world.waiting.changed()
    const answer = element('link_code_companion_reg', {}, [element('link_code_pairing_ref', {}, ref)])
    return iqResult(iq, [answer])
  }
  const bundle = bytesOf(registration, 'link_code_pairing_wrapped_key_bundle')
  if (!offer?.hello || !bundle || !bytesOf(registration, 'link_code_pairing_ref')?.equals(ref)) {
    return iqError(iq, 400, 'bad-request')
  }
  offer.finish = { bundle }
  world.waiting.changed()
  return iqResult(iq)
}

/**
 * What a phone does when its user types the code the companion shows. Throws `timeout` when no companion asked
 * for this number, `invalid` when the code is not the companion's, and as {@link linkDevice}.
 */
export async function enterPairingCode(phone: Phone, code: string, timeoutMs: number): Promise<Device> {
  const { world } = phone
  const offer = await world.waiting.until('a companion that asks for this number', timeoutMs, () =>
    world.offers.byNumber(phone.number),
  )
  const { wrappedEphemeral } = offer.hello!
  const key = await derivePairingCodeKey(code, wrappedEphemeral.subarray(0, 32))
  const companion = aesDecryptCTR(wrappedEphemeral.subarray(48), key, wrappedEphemeral.subarray(32, 48))
  const ephemeral = Curve.generateKeyPair()
  offer.connection.send(primaryHello(phone, offer, await wrap(ephemeral.public, code)))
  const finish = await world.waiting.until('the companion to finish pairing', timeoutMs, () =>
    offer.outcome instanceof SessionError ? offer.outcome : offer.finish,
  )
  if (finish instanceof SessionError) throw finish
  const shared = Curve.sharedKey(ephemeral.private, companion)
  return linkDevice(phone, offer, openBundle(phone, offer, finish.bundle, shared), timeoutMs)
}

async function wrap(publicKey: Uint8Array, code: string): Promise<Buffer> {
  const salt = randomBytes(32)
  const iv = randomBytes(16)
  return Buffer.concat([salt, iv, aesEncryptCTR(publicKey, await derivePairingCodeKey(code, salt), iv)])
}

function primaryHello(phone: Phone, offer: Offer, wrapped: Buffer): BinaryNode {
  const { world } = phone
  const attrs = {
    from: SERVER_JID,
    type: 'link_code_companion_reg',
    id: world.newId(),
    t: world.nowSeconds(),
  }
  return element('notification', attrs, [
    element('link_code_companion_reg', { stage: 'primary_hello' }, [
      element('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrapped),
      element('primary_identity_pub', {}, phone.peer.creds.signedIdentityKey.public),
      element('link_code_pairing_ref', {}, Buffer.from(offer.refs[0]!)),
    ]),
  ])
}

/** The secret derived from the companion's key bundle; only the right code decrypts it. */
function openBundle(phone: Phone, offer: Offer, bundle: Buffer, shared: Buffer): Buffer {
  const info = 'link_code_pairing_key_bundle_encryption_key'
  const key = Buffer.from(hkdf(shared, 32, { salt: bundle.subarray(0, 32), info }))
  const own = phone.peer.creds.signedIdentityKey
  try {
    const plain = aesDecryptGCM(bundle.subarray(44), key, bundle.subarray(32, 44), EMPTY)
    const keysMatch = plain.subarray(0, 32).equals(offer.keys.identityKey)
    if (!keysMatch || !plain.subarray(32, 64).equals(own.public)) throw new Error('other keys than announced')
    const identityShared = Curve.sharedKey(own.private, offer.keys.identityKey)
    const secret = Buffer.concat([shared, identityShared, plain.subarray(64)])
    return Buffer.from(hkdf(secret, 32, { info: 'adv_secret' }))
  } catch (cause) {
    throw new SessionError('invalid', 'The pairing code is not the one the companion shows.', { cause })
  }
}
