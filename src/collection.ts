import { collectIfDue } from './actors/collect.js'
import type { SessionHost } from './session-host.js'
import type { Sessions } from './sessions.js'

/** Removes, now and then, the generations of this process's sessions that nobody needs any more. */
export class Collection<Socket> {
  readonly #host: SessionHost<Socket>
  readonly #sessions: Sessions<Socket>
  #timer: unknown = null
  #isClosed = false

  constructor(host: SessionHost<Socket>, sessions: Sessions<Socket>) {
    this.#host = host
    this.#sessions = sessions
    this.#arm()
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) this.#host.clock.clearTimeout(this.#timer)
  }

  #arm(): void {
    const { clock, settings } = this.#host
    if (settings.collectIntervalMs === 0) return
    this.#timer = clock.setTimeout(() => {
      void this.#collect().finally(() => {
        if (!this.#isClosed) this.#arm()
      })
    }, settings.collectIntervalMs)
  }

  /** One tenant after the other: collecting is never urgent. */
  async #collect(): Promise<void> {
    for (const session of this.#sessions.allRunning()) {
      if (this.#isClosed) return
      await collectIfDue(this.#host, session.work)
    }
  }
}
