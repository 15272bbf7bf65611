import type { Clock } from '../ports/index.js'

interface Waiting<Item, Result> {
  readonly item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/**
 * Many callers' items as one statement: those that arrive within `lingerMs`, or while a statement is under way, go
 * out together, and each caller gets its own result.
 */
export class Batch<Item, Result> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #clock: Clock
  readonly #lingerMs: number
  #waiting: Waiting<Item, Result>[] = []
  #scheduled = false

  /** @param options.send gives the results in the order of the items */
  constructor(options: {
    send: (items: readonly Item[]) => Promise<readonly Result[]>
    clock: Clock
    lingerMs: number
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
    if (this.#scheduled) return
    this.#scheduled = true
    this.#clock.setTimeout(() => void this.#flush(), this.#lingerMs)
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    try {
      const results = await this.#send(batch.map(({ item }) => item))
      for (const [index, entry] of batch.entries()) entry.resolve(results[index]!)
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    }
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#schedule()
  }
}
