import { AsyncLocalStorage } from 'node:async_hooks'
import type { WASocket } from '@whiskeysockets/baileys'
import type { Clock, KeyFileBatch, KeyFiles, Logger } from '../ports/index.js'

interface Step {
  readonly content: string | null
  readonly since: number
}

export interface ReceivedStepsOptions {
  readonly files: KeyFiles
  readonly clock: Clock
  readonly logger: Logger
  /** Time for the receipt to get out, which Baileys sends in the turns after it has decrypted. */
  readonly delayMs: number
}

/**
 * Keeps what decrypting a message changed in memory until its receipt is out, and drops it when the socket ends first.
 *
 * Baileys stores the ratchet step, then sends the receipt. A process that is killed in between has a step for a message
 * that WhatsApp delivers again, and cannot decrypt it a second time. The other way round nothing is lost: until we
 * have sent something that builds on it (such a write goes through at once and takes the step with it), a session
 * that lacks received steps makes them again from the next message; the pre-key of a first message is still there.
 */
export class ReceivedSteps {
  readonly files: KeyFiles
  readonly #options: ReceivedStepsOptions
  readonly #receiving = new AsyncLocalStorage<true>()
  readonly #held = new Map<string, Step>()
  #timer: unknown = null
  #dropped = false

  constructor(options: ReceivedStepsOptions) {
    this.#options = options
    this.files = {
      read: async (name) => {
        const held = this.#held.get(name)
        return held ? held.content : await options.files.read(name)
      },
      write: async (batch, urgency) => {
        if (this.#receiving.getStore() && urgency !== 'urgent') return this.#hold(batch)
        // What is written now was made from what is held, and supersedes it.
        for (const name of batch.keys()) this.#held.delete(name)
        return await options.files.write(batch, urgency)
      },
    }
  }

  /** To be called right after the socket was made. */
  attach({ signalRepository }: Pick<WASocket, 'signalRepository'>): void {
    const decryptMessage = signalRepository.decryptMessage.bind(signalRepository)
    const decryptGroupMessage = signalRepository.decryptGroupMessage.bind(signalRepository)
    signalRepository.decryptMessage = (message) => this.#receiving.run(true, () => decryptMessage(message))
    signalRepository.decryptGroupMessage = (message) =>
      this.#receiving.run(true, () => decryptGroupMessage(message))
  }

  /** The socket is over: messages whose receipts did not get out come again, and are decrypted from the step before. */
  drop(): void {
    this.#dropped = true
    this.#held.clear()
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  #hold(batch: KeyFileBatch): number {
    const since = this.#options.clock.now()
    if (!this.#dropped) for (const [name, content] of batch) this.#held.set(name, { content, since })
    this.#arm()
    // Nobody waits for the position of an ordinary write.
    return 0
  }

  #arm(): void {
    if (this.#timer !== null || this.#held.size === 0 || this.#dropped) return
    this.#timer = this.#options.clock.setTimeout(() => {
      void this.#writeOld().finally(() => {
        this.#timer = null
        this.#arm()
      })
    }, this.#options.delayMs)
  }

  /** Each stays readable here until it is on disk. */
  async #writeOld(): Promise<void> {
    const { files, clock, delayMs, logger } = this.#options
    const limit = clock.now() - delayMs / 2
    const old = [...this.#held].filter(([, { since }]) => since <= limit)
    if (old.length === 0) return
    try {
      await files.write(new Map(old.map(([name, { content }]) => [name, content])))
      for (const [name, step] of old) if (this.#held.get(name) === step) this.#held.delete(name)
    } catch (error) {
      if (!this.#dropped)
        logger.warn({ err: error }, 'keys of received messages not written; it is tried again')
    }
  }
}
