import { isUtf8 } from 'node:buffer'

/** A byte order mark stays in the text. @throws TypeError they are not UTF-8 */
export function textOfUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new TypeError('The bytes are not UTF-8.')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
