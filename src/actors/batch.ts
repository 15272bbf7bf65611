import type { Clock } from '../ports/index.js'
import { inSlices } from '../turns.js'

interface Waiting<Item, Result> {
  readonly item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * Many callers' items as one statement: those that arrive while others are waited for, or while a statement is under
 * way, go out together, and each caller gets its own result.
 */
export class Batch<Item, Result> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #clock: Clock
  readonly #lingerMs: () => number
  #waiting: Waiting<Item, Result>[] = []
  #timer: unknown = null
  #isSending = false

  /**
   * @param options.send gives the results in the order of the items
   * @param options.lingerMs how long the first of a batch waits for others, asked again with each item; 0 when there
   *   is nobody to wait for
   */
  constructor(options: {
    send: (items: readonly Item[]) => Promise<readonly Result[]>
    clock: Clock
    lingerMs: () => number
  }) {
    this.#send = options.send
    this.#clock = options.clock
    this.#lingerMs = options.lingerMs
  }

  /** @throws what `send` throws, as do all items that went out with it */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#isSending) return
    const lingerMs = this.#lingerMs()
    if (this.#timer !== null && lingerMs > 0) return
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = this.#clock.setTimeout(() => void this.#flush(), lingerMs)
  }

  async #flush(): Promise<void> {
    this.#timer = null
    this.#isSending = true
    const batch = this.#waiting
    this.#waiting = []
    const answers = await this.#answersTo(batch)
    this.#isSending = false
    if (this.#waiting.length > 0) this.#schedule()
    // What a caller does next takes up to half a millisecond.
    await inSlices(answers, (answer) => answer())
  }

  async #answersTo(batch: readonly Waiting<Item, Result>[]): Promise<(() => void)[]> {
    try {
      const results = await this.#send(batch.map(({ item }) => item))
      return batch.map((entry, index) => () => entry.resolve(results[index]!))
    } catch (error) {
      return batch.map((entry) => () => entry.reject(error))
    }
  }
}
