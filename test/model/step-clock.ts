import type { AnyActorRef } from 'xstate'
import type { Clock } from '../../src/ports/clock.js'
import { type ScheduledEvent, scheduledEvents } from './inspection.js'

interface Timer {
  readonly at: number
  readonly delayMs: number
  readonly run: () => void
  /** The machine's delayed event behind it; null for everybody else's timers. */
  readonly event: ScheduledEvent | null
}

/**
 * Time that goes on by the timer that a step names: the model knows no durations, so any timer that is set may be the
 * next. A timer is known by the delayed event behind it.
 */
export class StepClock implements Clock {
  /** The actor whose system's delayed events name the timers; null before it is known. */
  actor: AnyActorRef | null = null
  /** Delayed events in the order in which they were set. */
  readonly scheduled: { id: string; delayMs: number }[] = []
  #now = Date.UTC(2026, 0, 1)
  #ids = 0
  readonly #timers = new Map<number, Timer>()
  #known = new Set<string>()

  /** Knows the timers that were set before the actor was there, by their delays. */
  adopt(actor: AnyActorRef): void {
    for (const event of scheduledEvents(actor)) {
      const found = [...this.#timers].find(([, timer]) => !timer.event && timer.delayMs === event.delayMs)
      if (found === undefined) continue
      this.#timers.set(found[0], { ...found[1], event })
      this.#known.add(keyOf(event))
    }
    this.actor = actor
  }

  now(): number {
    return this.#now
  }

  setTimeout(run: () => void, delayMs: number): number {
    const id = ++this.#ids
    const event = this.#newEvent()
    if (event !== null) this.scheduled.push({ id: event.id, delayMs })
    this.#timers.set(id, { at: this.#now + delayMs, delayMs, run, event })
    return id
  }

  clearTimeout(id: unknown): void {
    const timer = this.#timers.get(id as number)
    this.#timers.delete(id as number)
    if (timer?.event) this.#known.delete(keyOf(timer.event))
  }

  /** Time goes on without any timer: they ring late. */
  skip(ms: number): void {
    this.#now += ms
  }

  get pending(): number {
    return this.#timers.size
  }

  /** Ids of the delayed events to come, sorted. */
  get pendingEvents(): string[] {
    return [...this.#timers.values()].flatMap(({ event }) => (event ? [event.id] : [])).sort()
  }

  /** Delays of the timers that no machine has set. */
  get otherDelays(): number[] {
    return [...this.#timers.values()].flatMap(({ event, delayMs }) => (event ? [] : [delayMs]))
  }

  /** Runs the timer of a delayed event. @returns false when there is none */
  fire(eventId: string): boolean {
    return this.#run(({ event }) => event?.id === eventId)
  }

  /** Goes on by `ms`, running what is due on the way; `rest` is waited for after each. */
  async advance(ms: number, rest: () => Promise<void>): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = Math.min(...[...this.#timers.values()].map(({ at }) => at))
      if (!(next <= end)) break
      this.fireNext()
      await rest()
    }
    this.#now = Math.max(this.#now, end)
  }

  /** Runs the timer that is next by time. @returns false when there is none */
  fireNext(): boolean {
    const next = Math.min(...[...this.#timers.values()].map(({ at }) => at))
    return this.#run(({ at }) => at === next)
  }

  /** Runs a timer that no machine has set, by its delay. */
  fireOther(delayMs: number): boolean {
    return this.#run((timer) => timer.event === null && timer.delayMs === delayMs)
  }

  #run(wanted: (timer: Timer) => boolean): boolean {
    const found = [...this.#timers].find(([, timer]) => wanted(timer))
    if (found === undefined) return false
    const [id, timer] = found
    this.clearTimeout(id)
    this.#now = Math.max(this.#now, timer.at)
    timer.run()
    return true
  }

  /** XState notes an event before it sets the timer for it. */
  #newEvent(): ScheduledEvent | null {
    if (this.actor === null) return null
    const added = scheduledEvents(this.actor).find((event) => !this.#known.has(keyOf(event)))
    if (added !== undefined) this.#known.add(keyOf(added))
    return added ?? null
  }
}

function keyOf({ source, id }: ScheduledEvent): string {
  return `${source} ${id}`
}
