import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { certifyDevice, isCertified } from '../../src/loopback/adv.js'
import { makeCertificate } from '../../src/loopback/certificates.js'
import { DeviceKeys } from '../../src/loopback/device-keys.js'
import { trustLoopback } from '../../src/loopback/index.js'
import { isSigned } from '../../src/loopback/signatures.js'
import { newStats } from '../../src/loopback/stats.js'

describe('a signature', () => {
  it('holds for its message and key, and for no other', () => {
    for (let round = 0; round < 20; round++) {
      const pair = Curve.generateKeyPair()
      const message = Buffer.from(`message ${round}`)
      const signature = Buffer.from(Curve.sign(pair.private, message))
      expect(isSigned(pair.public, message, signature)).toBe(true)
      expect(isSigned(pair.public, Buffer.from('another'), signature)).toBe(false)
      expect(isSigned(Curve.generateKeyPair().public, message, signature)).toBe(false)
      signature[3]! ^= 1
      expect(isSigned(pair.public, message, signature)).toBe(false)
    }
    expect(isSigned(Buffer.alloc(32, 7), Buffer.from('x'), Buffer.alloc(10))).toBe(false)
  })

  it('of every other message holds for Baileys too, which is why this package checks itself', () => {
    const pair = Curve.generateKeyPair()
    const signature = Curve.sign(pair.private, Buffer.from('one'))
    expect(Curve.verify(pair.public, Buffer.from('two'), signature)).toBe(true)
  })
})

describe('a device certificate', () => {
  const account = Curve.generateKeyPair()
  const device = Curve.generateKeyPair()
  const { envelope } = certifyDevice(account, device.public, Buffer.alloc(32, 1), {
    keyIndex: 1,
    timestamp: 1,
  })
  const signed = proto.ADVSignedDeviceIdentityHMAC.decode(envelope).details!

  const countersigned = (by: Uint8Array) => {
    const identity = proto.ADVSignedDeviceIdentity.decode(signed)
    const message = Buffer.concat([Buffer.from([6, 1]), identity.details!, device.public, account.public])
    identity.deviceSignature = Curve.sign(by, message)
    return proto.ADVSignedDeviceIdentity.encode(identity).finish()
  }

  it('needs the countersignature of the device itself', () => {
    expect(isCertified(countersigned(device.private), account.public, device.public)).toBe(true)
    expect(isCertified(countersigned(account.private), account.public, device.public)).toBe(false)
    expect(isCertified(signed, account.public, device.public)).toBe(false)
    expect(isCertified(countersigned(device.private), device.public, device.public)).toBe(false)
  })
})

describe('a registration', () => {
  const identity = Curve.generateKeyPair()
  const key = Curve.generateKeyPair()
  const registration = (signer: Uint8Array) => ({
    eIdent: identity.public,
    eRegid: Buffer.from([0, 0, 1, 2]),
    eSkeyId: Buffer.from([0, 0, 1]),
    eSkeyVal: key.public,
    eSkeySig: Curve.sign(signer, Buffer.concat([Buffer.from([5]), key.public])),
  })

  it('is refused when its signed pre-key is not signed by its identity', () => {
    expect(DeviceKeys.register(registration(identity.private), newStats())).toBeDefined()
    expect(DeviceKeys.register(registration(key.private), newStats())).toBeUndefined()
    expect(DeviceKeys.register({}, newStats())).toBeUndefined()
  })
})

describe('the server certificate', () => {
  it('leads from the root to the key of the handshake', () => {
    const root = Curve.generateKeyPair()
    const { chain, staticKey } = makeCertificate(root)
    const { intermediate, leaf } = proto.CertChain.decode(chain)
    const { Details } = proto.CertChain.NoiseCertificate
    const between = Details.decode(intermediate!.details!)
    expect(isSigned(root.public, intermediate!.details!, intermediate!.signature!)).toBe(true)
    expect(isSigned(between.key!, leaf!.details!, leaf!.signature!)).toBe(true)
    expect(between.issuerSerial).toBe(WA_CERT_DETAILS.SERIAL)
    expect(Buffer.from(Details.decode(leaf!.details!).key!)).toEqual(Buffer.from(staticKey.public))
  })

  it('is trusted by its root, until that is undone', () => {
    const before = WA_CERT_DETAILS.PUBLIC_KEY
    const undo = trustLoopback('ab'.repeat(32))
    expect(WA_CERT_DETAILS.PUBLIC_KEY.toString('hex')).toBe('ab'.repeat(32))
    undo()
    expect(WA_CERT_DETAILS.PUBLIC_KEY).toBe(before)
    expect(() => trustLoopback('00')).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})
