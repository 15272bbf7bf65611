import type { Clock } from '../ports/index.js'

interface Waiting {
  readonly worker: number
  readonly answer: (granted: boolean) => void
  readonly timer: unknown
}

/**
 * Which worker may touch which tenant's folder: the one word on it, in the parent. A lease says who is to run a tenant,
 * but its former owner may be a process that stands still and goes on writing when it wakes up; on one disk that would
 * mix two sessions. So a folder goes from one worker to another when the first has left it, or its process has ended.
 */
export class HoldTable {
  readonly #clock: Clock
  readonly #waitMs: number
  readonly #holders = new Map<string, number>()
  readonly #waiting = new Map<string, Waiting[]>()

  /** @param waitMs how long a worker waits for another at most, before it is refused; then it tries again */
  constructor(clock: Clock, waitMs = 5_000) {
    this.#clock = clock
    this.#waitMs = waitMs
  }

  holderOf(tenantId: string): number | null {
    return this.#holders.get(tenantId) ?? null
  }

  /** `answer` is called once, now or later; never when the worker ends before. */
  take(worker: number, tenantId: string, answer: (granted: boolean) => void): void {
    const holder = this.#holders.get(tenantId)
    if (holder === undefined || holder === worker) {
      this.#holders.set(tenantId, worker)
      answer(true)
      return
    }
    const timer = this.#clock.setTimeout(() => {
      this.#drop(tenantId, (waiting) => waiting === mine)
      answer(false)
    }, this.#waitMs)
    const mine = { worker, answer, timer }
    this.#waiting.set(tenantId, [...(this.#waiting.get(tenantId) ?? []), mine])
  }

  giveBack(worker: number, tenantId: string): void {
    if (this.#holders.get(tenantId) !== worker) return
    this.#holders.delete(tenantId)
    const [next] = this.#waiting.get(tenantId) ?? []
    if (next === undefined) return
    this.#drop(tenantId, (waiting) => waiting === next)
    this.#holders.set(tenantId, next.worker)
    next.answer(true)
  }

  /** Its process has ended: it touches nothing any more. */
  gone(worker: number): void {
    for (const tenantId of [...this.#waiting.keys()])
      this.#drop(tenantId, (waiting) => waiting.worker === worker)
    for (const [tenantId, holder] of [...this.#holders])
      if (holder === worker) this.giveBack(worker, tenantId)
  }

  #drop(tenantId: string, isDropped: (waiting: Waiting) => boolean): void {
    const all = this.#waiting.get(tenantId) ?? []
    for (const waiting of all.filter(isDropped)) this.#clock.clearTimeout(waiting.timer)
    const left = all.filter((waiting) => !isDropped(waiting))
    if (left.length > 0) this.#waiting.set(tenantId, left)
    else this.#waiting.delete(tenantId)
  }
}
