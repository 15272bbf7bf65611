/** Time as the logic sees it; a simulation gives its own. Structurally an XState clock with `now`. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(id: unknown): void
}

/** A number in [0, 1), as `Math.random`; a simulation gives a seeded one. */
export type Random = () => number

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
}
