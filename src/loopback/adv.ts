import type { KeyPair } from '@whiskeysockets/baileys'
import {
  Curve,
  hmacSign,
  proto,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
} from '@whiskeysockets/baileys'
import { isSigned } from './signatures.js'

export interface DeviceIdentity {
  /** Encoded ADVDeviceIdentity: what both sides sign. */
  details: Uint8Array
  /** Encoded ADVSignedDeviceIdentityHMAC for `pair-success`. */
  envelope: Uint8Array
}

/** The phone's certificate for a companion whose identity key it read from a QR code or pairing code. */
export function certifyDevice(
  account: KeyPair,
  companionIdentity: Uint8Array,
  advSecret: Uint8Array,
  device: { keyIndex: number; timestamp: number },
): DeviceIdentity {
  const details = proto.ADVDeviceIdentity.encode({
    rawId: device.keyIndex,
    timestamp: device.timestamp,
    keyIndex: device.keyIndex,
    accountType: proto.ADVEncryptionType.E2EE,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish()
  const toSign = Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, companionIdentity])
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: account.public,
    accountSignature: Curve.sign(account.private, toSign),
  }).finish()
  const envelope = proto.ADVSignedDeviceIdentityHMAC.encode({
    details: signed,
    hmac: hmacSign(signed, advSecret),
    accountType: proto.ADVEncryptionType.E2EE,
  }).finish()
  return { details, envelope }
}

/**
 * True when `encoded` (ADVSignedDeviceIdentity) bears both the signature of the account and that of the
 * device with this identity key.
 */
export function isCertified(encoded: Uint8Array, account: Uint8Array, deviceIdentity: Uint8Array): boolean {
  const { details, accountSignature, deviceSignature } = proto.ADVSignedDeviceIdentity.decode(encoded)
  if (!details || !accountSignature || !deviceSignature) return false
  const byAccount = Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, deviceIdentity])
  const byDevice = Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, deviceIdentity, account])
  return isSigned(account, byAccount, accountSignature) && isSigned(deviceIdentity, byDevice, deviceSignature)
}
