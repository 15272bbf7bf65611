import type { ServerResponse } from 'node:http'
import type { Caller } from '../server/index.js'

/** A reader that has not taken so much of what was sent is too slow: it is cut off, and may come back. */
const bufferedBytes = 1024 * 1024

/** One open stream of events. */
export class Reader {
  readonly tenantId: string | null
  readonly caller: Caller
  readonly #response: ServerResponse
  /** Of the list that it got first, which may be larger than all that is let to wait. */
  #stateBytes = 0
  #isOver = false

  constructor(response: ServerResponse, { tenantId, caller }: { tenantId: string | null; caller: Caller }) {
    this.#response = response
    this.tenantId = tenantId
    this.caller = caller
  }

  /** The list, whose size is not held against the reader until it has taken it. */
  sendState(bytes: Buffer): void {
    this.#stateBytes = bytes.length
    this.#response.write(bytes, () => {
      this.#stateBytes = 0
    })
  }

  send(bytes: Buffer): void {
    if (this.#isOver) return
    if (this.#response.writableLength > bufferedBytes + this.#stateBytes) this.cut()
    else this.#response.write(bytes)
  }

  end(bytes: Buffer): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#response.end(bytes)
  }

  /** At once, with what it has not taken yet. */
  cut(): void {
    this.#isOver = true
    this.#response.destroy()
  }
}
