import { scale } from './inputs.js'

export interface Damage {
  readonly what: string
  readonly body: Uint8Array
  /** Bytes left, for a truncation. */
  readonly cutTo?: number
}

/**
 * Truncations and flips of single bits: at scale 8 and above every length and every `finest`-th bit, below that each
 * `stride`-th length and byte.
 */
export function* damages(bytes: Uint8Array, stride: number, finest = 1): Generator<Damage> {
  const isWhole = scale >= 8
  for (let cutTo = 0; cutTo < bytes.length; cutTo += isWhole ? 1 : stride) {
    yield { what: `cut to ${cutTo} bytes`, body: bytes.subarray(0, cutTo), cutTo }
  }
  // An odd step meets every bit of a byte in turn.
  for (let bit = 0; bit < bytes.length * 8; bit += isWhole ? finest : 8 * stride - 1) {
    const body = Uint8Array.from(bytes)
    body[bit >> 3]! ^= 1 << (bit & 7)
    yield { what: `bit ${bit & 7} of byte ${bit >> 3} flipped`, body }
  }
}
