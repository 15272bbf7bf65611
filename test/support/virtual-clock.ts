import type { Clock } from '../../src/ports/clock.js'
import { turnsWaiting } from '../../src/turns.js'

interface Timer {
  readonly id: number
  readonly at: number
  readonly run: () => void
}

/** Time that stands still until it is told to go on. Timers run in the order of their time, then of their setting. */
export class VirtualClock implements Clock {
  #now: number
  #ids = 0
  /** A binary heap by time, then id; cancelled ones stay until they come up. */
  readonly #heap: Timer[] = []
  readonly #live = new Set<number>()

  /** @param now milliseconds since the Unix epoch */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#live.size
  }

  now(): number {
    return this.#now
  }

  setTimeout(run: () => void, delayMs: number): number {
    const id = ++this.#ids
    // As Node: whole milliseconds, and a delay that is too large fires at once.
    const delay = delayMs > 2 ** 31 - 1 ? 1 : Math.max(0, Math.trunc(delayMs))
    this.#live.add(id)
    this.#push({ id, at: this.#now + delay, run })
    return id
  }

  clearTimeout(id: unknown): void {
    this.#live.delete(id as number)
  }

  /** Time of the next timer, or null when none is set. */
  get nextAt(): number | null {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#live.has(first.id)) return first.at
      this.#pop()
    }
    return null
  }

  /** Goes on to the next timer and runs it. False when there is none. */
  step(): boolean {
    const at = this.nextAt
    if (at === null) return false
    const timer = this.#pop()!
    this.#now = Math.max(this.#now, at)
    this.#live.delete(timer.id)
    timer.run()
    return true
  }

  /**
   * Runs every timer of the next `ms` milliseconds, each after what the one before set going has come to rest.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let at = this.nextAt; at !== null && at <= end; at = this.nextAt) {
      this.step()
      await settled()
    }
    this.#now = end
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (isBefore(heap[above]!, timer)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = timer
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || last === first) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (isBefore(last, heap[below]!)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.id < b.id)
}

/** Resolves when every promise that can settle without time or input has: microtasks have run dry. */
export async function settled(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (turnsWaiting() > 0)
}
