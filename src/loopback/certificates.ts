import type { KeyPair } from '@whiskeysockets/baileys'
import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'

const { Details } = proto.CertChain.NoiseCertificate

export interface ServerCertificate {
  /** The server's noise static key, certified by `chain`. */
  staticKey: KeyPair
  /** Encoded CertChain: root signs intermediate, intermediate signs leaf. */
  chain: Uint8Array
}

export function makeCertificate(root: KeyPair): ServerCertificate {
  const intermediate = Curve.generateKeyPair()
  const staticKey = Curve.generateKeyPair()
  // Absent, `issuerSerial` decodes to null and Baileys refuses the chain.
  const intermediateDetails = Details.encode({
    serial: 1,
    issuerSerial: 0,
    key: intermediate.public,
  }).finish()
  const leafDetails = Details.encode({ serial: 2, issuerSerial: 1, key: staticKey.public }).finish()
  const chain = proto.CertChain.encode({
    intermediate: {
      details: intermediateDetails,
      signature: Curve.sign(root.private, intermediateDetails),
    },
    leaf: { details: leafDetails, signature: Curve.sign(intermediate.private, leafDetails) },
  }).finish()
  return { staticKey, chain }
}

/**
 * Makes Baileys in THIS process accept servers certified by `rootPublicKeyHex` (64 hex digits), and only
 * those. Returns the undo. Throws `invalid` for anything but a 32 byte key.
 */
export function trustLoopback(rootPublicKeyHex: string): () => void {
  if (!/^[0-9a-f]{64}$/i.test(rootPublicKeyHex)) {
    throw new SessionError('invalid', 'The root public key of a loopback server is 64 hex digits.')
  }
  const before = WA_CERT_DETAILS.PUBLIC_KEY
  const ours = Buffer.from(rootPublicKeyHex, 'hex')
  WA_CERT_DETAILS.PUBLIC_KEY = ours
  return () => {
    if (WA_CERT_DETAILS.PUBLIC_KEY === ours) WA_CERT_DETAILS.PUBLIC_KEY = before
  }
}
