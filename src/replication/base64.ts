/** Characters at once: a multiple of four, and a text of so many is small to V8. */
const sliceLength = 48 * 1024
const sliceBytes = (sliceLength / 4) * 3
const equalsSign = '='.charCodeAt(0)

/** Padded base64, in ASCII. */
export function encodeBase64(bytes: Buffer): Buffer {
  const base64 = Buffer.allocUnsafeSlow(Math.ceil(bytes.length / 3) * 4)
  let written = 0
  for (let from = 0; from < bytes.length; from += sliceBytes) {
    written += base64.write(bytes.toString('base64', from, from + sliceBytes), written, 'latin1')
  }
  return base64
}

/** Bytes of padded base64; undefined when it is none. `-` and `_` pass, as in Node: whoever must know compares digests. */
export function decodeBase64(base64: Buffer): Buffer | undefined {
  if (base64.length % 4 !== 0) return undefined
  const padding = base64.at(-1) !== equalsSign ? 0 : base64.at(-2) !== equalsSign ? 1 : 2
  const bytes = Buffer.allocUnsafeSlow((base64.length / 4) * 3 - padding)
  let written = 0
  for (let from = 0; from < base64.length; from += sliceLength) {
    written += bytes.write(base64.toString('latin1', from, from + sliceLength), written, 'base64')
  }
  // Node skips what is no base64.
  return written === bytes.length ? bytes : undefined
}
