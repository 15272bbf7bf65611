import type { HighWaterMarks } from '../ports/registry.js'
import { parseKeyFile } from './hash.js'

export { credsFile } from './hash.js'

/** What creds.json says of a session, without anything secret. */
export interface CredsFacts {
  /** Paired means a device id and the account's signature: pairing that broke off leaves the first alone. */
  readonly paired: boolean
  /** The session's own number, digits only; null before pairing. */
  readonly phoneNumber: string | null
  readonly marks: HighWaterMarks
}

export const noMarks: HighWaterMarks = { nextPreKeyId: 0 }

/** Null when `content` is no creds.json: absent, damaged, or not an object. */
export function readCreds(content: string | null | undefined): CredsFacts | null {
  const creds = typeof content === 'string' ? parseKeyFile(content) : undefined
  if (typeof creds !== 'object' || Array.isArray(creds)) return null
  const { me, account, nextPreKeyId } = creds as { me?: unknown; account?: unknown; nextPreKeyId?: unknown }
  const id = typeof me === 'object' && me !== null ? (me as { id?: unknown }).id : undefined
  return {
    paired: typeof id === 'string' && id !== '' && typeof account === 'object' && account !== null,
    phoneNumber: typeof id === 'string' ? phoneNumberOf(id) : null,
    marks: { nextPreKeyId: isPreKeyId(nextPreKeyId) ? nextPreKeyId : 0 },
  }
}

/** Pre-key ids go over the wire in three bytes (Baileys' `xmppPreKey`). */
export const maxPreKeyId = 0xff_ff_ff

function isPreKeyId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxPreKeyId
}

/** `15550000000:1@s.whatsapp.net` → `15550000000`; null for ids that hold no number (`…@lid`). */
function phoneNumberOf(id: string): string | null {
  return /^(\d{5,20})(?::\d+)?@(?:s\.whatsapp\.net|c\.us)$/.exec(id)?.[1] ?? null
}

/** Digits but the last four replaced, for logs: `*******0000`. */
export function maskPhoneNumber(digits: string): string {
  return digits.replace(/\d(?=\d{4})/g, '*')
}

/** The higher of each: marks never go back. */
export function raiseMarks(...all: readonly (HighWaterMarks | null | undefined)[]): HighWaterMarks {
  return { nextPreKeyId: Math.max(0, ...all.map((marks) => marks?.nextPreKeyId ?? 0)) }
}
