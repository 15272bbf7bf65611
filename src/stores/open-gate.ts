import { SessionError } from '../errors.js'

/** Refuses work after close, and lets close wait for what is under way. */
export class OpenGate {
  readonly #running = new Set<Promise<unknown>>()
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  /** @throws SessionError `closed` */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new SessionError('closed', 'The object store was closed; nothing was done.')
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** No new work from now on; resolves when all work under way has settled. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#running)
  }
}
