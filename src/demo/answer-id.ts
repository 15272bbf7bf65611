import { createHash } from 'node:crypto'

/** An answer has the same id whichever host sends it, so that one sent twice is one. */
export function answerIdOf(messageId: string): string {
  return `3EB0${createHash('sha256').update(messageId).digest('hex').slice(0, 18).toUpperCase()}`
}
