import { NOISE_WA_HEADER } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'

const ROUTING_PREFIX = Buffer.from([0x45, 0x44, 0x00, 0x01])
const LENGTH_BYTES = 3

/** One frame for the wire: 24 bit length, data. */
export function encodeFrame(data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + data.length)
  frame.writeUIntBE(data.length, 0, LENGTH_BYTES)
  frame.set(data, LENGTH_BYTES)
  return frame
}

/** Cuts the byte stream of a client into frames, after its introduction. */
export class FrameReader {
  private buffered = Buffer.alloc(0)
  private introduced = false

  /** Whole frames now available. Throws `invalid` when the introduction is not WhatsApp's. */
  push(bytes: Uint8Array): Buffer[] {
    this.buffered = Buffer.concat([this.buffered, bytes])
    if (!this.introduced && !this.readIntroduction()) return []
    const frames: Buffer[] = []
    while (this.buffered.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.buffered.readUIntBE(0, LENGTH_BYTES)
      if (this.buffered.length < end) break
      frames.push(this.buffered.subarray(LENGTH_BYTES, end))
      this.buffered = this.buffered.subarray(end)
    }
    return frames
  }

  // With saved routing info a client sends it first; it is not part of what the handshake hashes.
  private readIntroduction(): boolean {
    let start = 0
    if (this.buffered.subarray(0, ROUTING_PREFIX.length).equals(ROUTING_PREFIX)) {
      if (this.buffered.length < ROUTING_PREFIX.length + LENGTH_BYTES) return false
      start =
        ROUTING_PREFIX.length + LENGTH_BYTES + this.buffered.readUIntBE(ROUTING_PREFIX.length, LENGTH_BYTES)
    }
    if (this.buffered.length < start + NOISE_WA_HEADER.length) return false
    const header = this.buffered.subarray(start, start + NOISE_WA_HEADER.length)
    if (!header.equals(NOISE_WA_HEADER)) {
      throw new SessionError('invalid', 'A client did not introduce itself as WhatsApp Web.')
    }
    this.buffered = this.buffered.subarray(start + NOISE_WA_HEADER.length)
    this.introduced = true
    return true
  }
}
