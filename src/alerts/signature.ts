import { createHmac } from 'node:crypto'

/** `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a full stop and the body. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`
}
