import type { Clock, HeadSwap, Registry, SwapOutcome } from '../ports/index.js'

interface Waiting {
  readonly swap: HeadSwap
  resolve(outcome: SwapOutcome): void
  reject(error: unknown): void
}

/**
 * Commits of many tenants as one statement: swaps that arrive within `lingerMs`, or while a statement is under way,
 * go out together.
 */
export class CommitBatch {
  readonly #registry: Registry
  readonly #clock: Clock
  readonly #lingerMs: number
  #waiting: Waiting[] = []
  #scheduled = false

  constructor(options: { registry: Registry; clock: Clock; lingerMs: number }) {
    this.#registry = options.registry
    this.#clock = options.clock
    this.#lingerMs = options.lingerMs
  }

  /** @throws what the registry throws; `unavailable` means that the swap may have happened, try the same one again */
  commit(swap: HeadSwap): Promise<SwapOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ swap, resolve, reject })
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
      const outcomes = await this.#registry.commit(batch.map(({ swap }) => swap))
      for (const [index, entry] of batch.entries()) entry.resolve(outcomes[index]!)
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    }
    this.#scheduled = false
    if (this.#waiting.length > 0) this.#schedule()
  }
}
