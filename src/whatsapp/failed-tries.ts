import { AsyncLocalStorage } from 'node:async_hooks'
import type { SignalKeyStore, WASocket } from '@whiskeysockets/baileys'

/** The part of libsignal's serialised session record that is used here. */
interface StoredRecord {
  readonly _sessions: { [baseKey: string]: { readonly indexInfo: { readonly used: number } } }
}

/**
 * Takes back what libsignal 6 does to sessions that it tried in vain. A record holds the open session and older ones;
 * for a message it tries one after the other, and each try steps that session's ratchet before the MAC says that it
 * was the wrong one. The record is then stored whole, and the peer cannot decrypt what is next sent on a session that
 * was tried in vain. It takes a message under way on the older session while a new one is opened, which Baileys does
 * with every contact it writes to after a restart.
 */
export class FailedTries {
  readonly keys: SignalKeyStore
  readonly #decrypting = new AsyncLocalStorage<true>()

  constructor(keys: SignalKeyStore) {
    this.keys = {
      get: (type, ids) => keys.get(type, ids),
      set: async (data) => {
        const { session } = data
        if (!session || !this.#decrypting.getStore()) return await keys.set(data)
        const before = await keys.get('session', Object.keys(session))
        const mended = Object.entries(session).map(([id, after]) => [id, withoutTries(before[id], after)])
        await keys.set({ ...data, session: Object.fromEntries(mended) })
      },
    }
  }

  /** To be called right after the socket was made. */
  attach({ signalRepository }: Pick<WASocket, 'signalRepository'>): void {
    const decryptMessage = signalRepository.decryptMessage.bind(signalRepository)
    signalRepository.decryptMessage = (message) =>
      // A `pkmsg` names its session, nothing is tried.
      message.type === 'msg'
        ? this.#decrypting.run(true, () => decryptMessage(message))
        : decryptMessage(message)
  }
}

/** The session that did decrypt is the one whose time of use has changed. */
function withoutTries<T>(before: T | undefined, after: T): T {
  if (!isRecord(before) || !isRecord(after)) return after
  const isUsed = (baseKey: string) =>
    before._sessions[baseKey]?.indexInfo.used !== after._sessions[baseKey]?.indexInfo.used
  if (!Object.keys(after._sessions).some(isUsed)) return after
  const sessions = Object.entries(after._sessions).map(([baseKey, session]) => [
    baseKey,
    isUsed(baseKey) ? session : before._sessions[baseKey],
  ])
  return { ...after, _sessions: Object.fromEntries(sessions) }
}

function isRecord(value: unknown): value is StoredRecord {
  return typeof (value as Partial<StoredRecord> | null | undefined)?._sessions === 'object'
}
