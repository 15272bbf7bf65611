import type { UserFacingSocketConfig } from '@whiskeysockets/baileys'

type BaileysLogger = NonNullable<UserFacingSocketConfig['logger']>

/** Baileys logs creds, nodes and keys from level `info` down; unless the user gives a logger of their own, nothing. */
export const silentBaileysLogger: BaileysLogger = {
  level: 'silent',
  child: () => silentBaileysLogger,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
}
