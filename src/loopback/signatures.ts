import { createPublicKey, verify } from 'node:crypto'

const P = 2n ** 255n - 19n
const ED25519_DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base % P
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

/** The Ed25519 y coordinate of a Curve25519 key: (u - 1) / (u + 1). */
function edwardsY(curveKey: Uint8Array): Buffer {
  const u = BigInt(`0x${Buffer.from(curveKey).reverse().toString('hex')}`) % 2n ** 255n
  const y = ((u - 1n + P) * power(u + 1n, P - 2n)) % P
  return Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse()
}

/**
 * True when `signature` of `message` was made with the private key of `publicKey` (Curve25519, 32 bytes), as
 * Signal signs. Baileys 7.0.0-rc14's `Curve.verify` is no use: it is true for every signature of 64 bytes,
 * because it expects libsignal to throw where libsignal returns false.
 */
export function isSigned(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const plain = Buffer.from(signature)
  const signBit = plain[63]! & 0x80
  plain[63]! &= 0x7f
  const point = edwardsY(publicKey)
  point[31]! |= signBit
  const key = createPublicKey({
    key: Buffer.concat([ED25519_DER_PREFIX, point]),
    format: 'der',
    type: 'spki',
  })
  return verify(null, message, key, plain)
}
