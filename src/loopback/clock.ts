/** Time as the loopback server sees it; a test may give its own. */
export interface LoopbackClock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(id: unknown): void
}

export const realClock: LoopbackClock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
}

/** The part of pino's logger used here. Never given a phone number, key or code. */
export interface LoopbackLogger {
  debug(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export const noLogger: LoopbackLogger = { debug() {}, warn() {} }

/** Timers that die together, so that closing the server leaves none behind. */
export class Timers {
  private readonly pending = new Set<unknown>()
  private readonly clock: LoopbackClock

  constructor(clock: LoopbackClock) {
    this.clock = clock
  }

  /** Runs `run` once after `delayMs`, unless the returned function is called or the server closes first. */
  after(delayMs: number, run: () => void): () => void {
    const id = this.clock.setTimeout(() => {
      this.pending.delete(id)
      run()
    }, delayMs)
    this.pending.add(id)
    return () => {
      this.pending.delete(id)
      this.clock.clearTimeout(id)
    }
  }

  clear(): void {
    for (const id of this.pending) this.clock.clearTimeout(id)
    this.pending.clear()
  }
}
