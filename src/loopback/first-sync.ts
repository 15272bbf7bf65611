import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { proto } from '@whiskeysockets/baileys'
import type { Device } from './device.js'
import { encNode, sendDraft } from './outbox.js'

const { Type } = proto.Message.ProtocolMessage

/**
 * What a phone sends a new companion: the key of its app state, then its (empty) history. Without the history
 * Baileys holds all events back for 20 s at its first login.
 */
export async function introduce(device: Device): Promise<void> {
  const { appState } = device.phone
  await sendOwn(device, {
    type: Type.APP_STATE_SYNC_KEY_SHARE,
    appStateSyncKeyShare: {
      keys: [{ keyId: { keyId: appState.keyId }, keyData: appState.keyData }],
    },
  })
  await sendOwn(device, {
    type: Type.HISTORY_SYNC_NOTIFICATION,
    historySyncNotification: {
      syncType: proto.Message.HistorySyncType.INITIAL_BOOTSTRAP,
      chunkOrder: 1,
      progress: 100,
      initialHistBootstrapInlinePayload: emptyHistory(),
    },
  })
}

function emptyHistory(): Uint8Array {
  const history = proto.HistorySync.encode({
    syncType: proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP,
    conversations: [],
    progress: 100,
  }).finish()
  return deflateSync(history)
}

async function sendOwn(device: Device, protocolMessage: proto.Message.IProtocolMessage): Promise<void> {
  const { phone } = device
  const message = { protocolMessage, messageContextInfo: { messageSecret: randomBytes(32) } }
  await sendDraft(phone, device, {
    id: phone.world.newId(),
    attrs: { from: phone.jid, type: 'text', category: 'peer', t: phone.world.nowSeconds() },
    encrypt: async () => [encNode(await phone.peer.encrypt(device.lid, message))],
    plainForResend: async () => message,
    afterOffline: true,
    stats: [],
  })
}
