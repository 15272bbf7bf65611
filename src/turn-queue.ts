import PQueue from 'p-queue'

/** Limits how many do something at a time; a turn lasts until it is freed. */
export class TurnQueue {
  readonly #queue: PQueue

  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency })
  }

  /** Resolves when it is the caller's turn; the caller frees it, more than once does no harm. */
  turn(aborted: AbortSignal): Promise<{ free(): void }> {
    return new Promise((resolve) => {
      void this.#queue.add(
        () =>
          new Promise<void>((free) => {
            resolve({ free })
            if (aborted.aborted) free()
          }),
      )
    })
  }
}
