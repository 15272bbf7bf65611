/** What happened lately, by tenant. */
export class Window {
  readonly #times = new Map<string, number[]>()
  readonly #lengthMs: number

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  add(tenantId: string, now: number): void {
    // More than a hundred say nothing more.
    const times = [...(this.#times.get(tenantId) ?? []), now].slice(-100)
    this.#times.set(tenantId, times)
  }

  /** How often, within the window, by tenant. */
  counts(now: number): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [tenantId, times] of this.#times) {
      const recent = times.filter((time) => time > now - this.#lengthMs)
      if (recent.length === 0) this.#times.delete(tenantId)
      else {
        this.#times.set(tenantId, recent)
        counts.set(tenantId, recent.length)
      }
    }
    return counts
  }
}
