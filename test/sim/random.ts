import type { Random } from '../../src/ports/clock.js'

/** Seeded chance. Streams of one seed with different names are independent, so that one draw more here changes nothing there. */
export class Chance {
  #state: number

  constructor(seed: number, stream: string) {
    let hash = seed ^ 0x9e3779b9
    for (const character of stream)
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x85ebca6b) ^ (hash >>> 13)
    this.#state = hash | 0
    for (let n = 0; n < 4; n++) this.next()
  }

  /** A number in [0, 1): mulberry32. */
  readonly next: Random = () => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    const state = this.#state
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** Whether something of this probability happens. */
  is(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][]
    let at = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      at -= weight
      if (at < 0) return name
    }
    return entries.at(-1)![0]
  }
}
