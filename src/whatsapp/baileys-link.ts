import type { UserFacingSocketConfig, WASocket } from '@whiskeysockets/baileys'
import type { Clock, DeviceLink, Logger } from '../ports/index.js'
import { BaileysConnection } from './baileys-connection.js'
import { quietLibsignal } from './quiet-libsignal.js'

export interface BaileysLinkOptions {
  /** Passed to `makeWASocket` on top of our own; `auth` is always ours. */
  readonly socketConfig?: Partial<Omit<UserFacingSocketConfig, 'auth'>>
  readonly logger: Logger
  readonly clock: Clock
  /** Longest wait, at a stop, for messages that are being sent. */
  readonly sendLimitMs: number
  /** See `Settings.sendAfterBackup`. */
  readonly sendAfterBackup: boolean
}

/** WhatsApp through an unmodified Baileys. */
export function baileysLink(options: BaileysLinkOptions): DeviceLink<WASocket> {
  quietLibsignal()
  return { connect: (request) => new BaileysConnection(options, request) }
}
