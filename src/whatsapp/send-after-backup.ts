import type { WASocket } from '@whiskeysockets/baileys'
import type { Clock, KeyFiles } from '../ports/index.js'
import type { SendGate } from './send-gate.js'
import { currentSend } from './sends-in-flight.js'

export interface SendAfterBackupOptions {
  readonly files: KeyFiles
  /** Resolves when everything up to `position` is durable remotely, or after a bounded wait. */
  barrier(position: number): Promise<void>
  readonly clock: Clock
  /** Longest hold for a message whose keys are not stored at all. */
  readonly limitMs: number
}

/**
 * Output commit: no frame leaves before the key changes behind it are durable, so that whatever WhatsApp and the peers
 * have seen of a session is in its backup. A receipt follows the ratchet step that it acknowledges, a message the step
 * that encrypted it. Baileys stores the latter only after it has "sent" the message, so the hold starts when it
 * encrypts.
 */
export class SendAfterBackup {
  readonly files: KeyFiles
  readonly #options: SendAfterBackupOptions
  #gate: SendGate | null = null
  #lastPosition = 0
  readonly #awaitingKeys = new Set<() => void>()

  constructor(options: SendAfterBackupOptions) {
    this.#options = options
    this.files = {
      read: (name) => options.files.read(name),
      write: async (batch) => {
        // Urgent: every change keeps a frame waiting.
        const position = await options.files.write(batch, 'urgent')
        this.#written(position)
        return position
      },
    }
  }

  /** To be called right after the socket was made. */
  attach(socket: WASocket, gate: SendGate): void {
    this.#gate = gate
    const { signalRepository } = socket
    const encryptMessage = signalRepository.encryptMessage.bind(signalRepository)
    const encryptGroupMessage = signalRepository.encryptGroupMessage.bind(signalRepository)
    signalRepository.encryptMessage = (options) => {
      gate.hold(this.#keysSaved())
      return encryptMessage(options)
    }
    signalRepository.encryptGroupMessage = (options) => {
      gate.hold(this.#keysSaved())
      return encryptGroupMessage(options)
    }
  }

  #written(position: number): void {
    this.#lastPosition = position
    this.#gate?.hold(this.#options.barrier(position))
    for (const resolve of [...this.#awaitingKeys]) resolve()
  }

  /** Settles when the keys of the message that is being encrypted are durable. */
  async #keysSaved(): Promise<void> {
    // Baileys' own resends have no call to follow: the next key write is theirs or comes with theirs.
    await this.#atMost(currentSend()?.over ?? this.#nextWrite())
    await this.#options.barrier(this.#lastPosition)
  }

  #nextWrite(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#awaitingKeys.delete(done)
        resolve()
      }
      this.#awaitingKeys.add(done)
    })
  }

  #atMost(work: Promise<void>): Promise<void> {
    const { clock, limitMs } = this.#options
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, limitMs)
      void work.then(() => {
        clock.clearTimeout(timer)
        resolve()
      })
    })
  }
}
