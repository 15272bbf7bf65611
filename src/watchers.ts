import type { Clock } from './ports/index.js'

/** Callers that wait until something is so; it is looked at again after every change. */
export class Watchers {
  readonly #clock: Clock
  readonly #looks = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Something changed. */
  look(): void {
    for (const look of [...this.#looks]) look()
  }

  /**
   * Resolves when `isSo` gives true, rejects with the error that it gives.
   * @param limit rejects with `late()` after `timeoutMs`; without it, waits for good
   */
  until(isSo: () => boolean | Error, limit?: { timeoutMs: number; late: () => Error }): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: unknown = null
      const settle = () => {
        const found = isSo()
        if (found === false) return
        this.#looks.delete(settle)
        if (timer !== null) this.#clock.clearTimeout(timer)
        if (found === true) resolve()
        else reject(found)
      }
      this.#looks.add(settle)
      settle()
      if (limit === undefined || !this.#looks.has(settle)) return
      timer = this.#clock.setTimeout(() => {
        this.#looks.delete(settle)
        reject(limit.late())
      }, limit.timeoutMs)
    })
  }
}
