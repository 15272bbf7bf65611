import { jidDecode, jidEncode } from '@whiskeysockets/baileys'

/** What the server itself sends in `from`. */
export const SERVER_JID = '@s.whatsapp.net'

export function pnJid(number: string, device = 0): string {
  return jidEncode(number, 's.whatsapp.net', device)
}

export function lidJid(lidUser: string, device = 0): string {
  return jidEncode(lidUser, 'lid', device)
}

export interface JidParts {
  user: string
  device: number
  server: string
}

export function parseJid(jid: string | undefined): JidParts | undefined {
  const decoded = jidDecode(jid)
  if (!decoded) return undefined
  return { user: decoded.user, device: decoded.device ?? 0, server: decoded.server }
}

/** The hidden identity of a number: made up, but always the same for a number. */
export function lidUserOf(number: string): string {
  return `9${number.split('').reverse().join('')}7`
}
