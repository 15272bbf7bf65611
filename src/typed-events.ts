import type { Logger } from './ports/index.js'

type Listener<Payload> = (payload: Payload) => void

/** Listeners by event. One that throws hurts neither the others nor the session; it is logged. */
export class TypedEvents<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>()
  readonly #logger: Logger
  #held: (() => void)[] | null = null

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Keeps what is emitted until `deliver`, for listeners that cannot be attached yet. */
  hold(): void {
    this.#held ??= []
  }

  deliver(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const emit of held) emit()
  }

  /** Returns the way to stop listening. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener as Listener<never>)
    return () => void listeners.delete(listener as Listener<never>)
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    if (this.#held !== null) return void this.#held.push(() => this.emit(name, payload))
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        ;(listener as Listener<Events[Name]>)(payload)
      } catch (error) {
        this.#logger.error(
          { event: String(name), err: error },
          'an event listener threw; the session goes on',
        )
      }
    }
  }
}
