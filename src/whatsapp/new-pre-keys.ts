import type { AuthenticationCreds, SignalDataSet, SignalKeyStore, WASocket } from '@whiskeysockets/baileys'
import type { Clock } from '../ports/index.js'
import type { SendGate } from './send-gate.js'

export interface NewPreKeysOptions {
  readonly keys: SignalKeyStore
  readonly clock: Clock
  /** Resolves when the creds, as they are now, are on disk. */
  credsSaved(): Promise<void>
}

/** A disk that refuses the keys must not keep the connection back for ever. */
const limitMs = 10_000

/**
 * Lets nobody see a pre-key before it is durable, with the counter that is above it: else a restored session gives its
 * id again, with another key.
 *
 * Baileys raises the counter first, and uploads keys after it has stored them. But a message that cannot be decrypted it
 * asks for again inside one transaction: the frame with the new pre-key leaves, then the key is stored. Here every frame
 * after the counter was raised waits for that.
 */
export class NewPreKeys {
  /** To be given to Baileys in place of `options.keys`. */
  readonly keys: SignalKeyStore
  readonly #options: NewPreKeysOptions
  readonly #waiting = new Set<() => void>()

  constructor(options: NewPreKeysOptions) {
    this.#options = options
    const { keys, credsSaved } = options
    this.keys = {
      get: (type, ids) => keys.get(type, ids),
      set: async (data) => {
        if (!bringsPreKeys(data)) return await keys.set(data)
        // In this order, what has the keys has the counter.
        await credsSaved()
        await keys.set(data)
        this.drop()
      },
    }
  }

  /** To be called right after the socket was made. */
  attach({ ev }: Pick<WASocket, 'ev'>, gate: SendGate, creds: AuthenticationCreds): void {
    let { nextPreKeyId } = creds
    ev.on('creds.update', () => {
      if (creds.nextPreKeyId > nextPreKeyId) gate.hold(this.#stored())
      nextPreKeyId = creds.nextPreKeyId
    })
  }

  /** The keys are stored, or the socket has ended: nothing is waited for. */
  drop(): void {
    for (const done of [...this.#waiting]) done()
  }

  #stored(): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        clock.clearTimeout(timer)
        resolve()
      }
      const timer = clock.setTimeout(done, limitMs)
      this.#waiting.add(done)
    })
  }
}

function bringsPreKeys(data: SignalDataSet): boolean {
  return Object.values(data['pre-key'] ?? {}).some(Boolean)
}
