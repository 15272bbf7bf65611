import { AsyncLocalStorage } from 'node:async_hooks'
import type { WASocket } from '@whiskeysockets/baileys'

interface Send {
  /** Settles, never rejecting, when Baileys is through with the message: it is on the wire and its keys are stored. */
  readonly over: Promise<void>
}

const sending = new AsyncLocalStorage<Send>()

/** The message on whose behalf the running code works; undefined outside of `sendMessage` and `relayMessage`. */
export function currentSend(): Send | undefined {
  return sending.getStore()
}

/**
 * Follows the messages that the user's code sends through `socket`: Baileys puts a message on the wire first and
 * stores the keys it used afterwards, so a socket must not be closed, nor its key writes refused, in between.
 */
export class SendsInFlight {
  #count = 0
  readonly #idle: (() => void)[] = []

  constructor(socket: WASocket) {
    socket.sendMessage = this.#follow(socket.sendMessage)
    socket.relayMessage = this.#follow(socket.relayMessage)
  }

  get count(): number {
    return this.#count
  }

  /** Resolves when nothing is being sent. */
  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #follow<Args extends unknown[], Result>(send: (...args: Args) => Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      let end = () => {}
      const over = new Promise<void>((resolve) => {
        end = resolve
      })
      this.#count++
      try {
        return await sending.run({ over }, () => send(...args))
      } finally {
        end()
        this.#count--
        if (this.#count === 0) for (const resolve of this.#idle.splice(0)) resolve()
      }
    }
  }
}
