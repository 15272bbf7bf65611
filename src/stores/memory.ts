import { SessionError } from '../errors.js'
import type { Clock, ObjectInfo, ObjectStore } from '../ports/index.js'
import { systemClock } from '../ports/index.js'
import { byKey, checkBody, checkObjectKey, checkPrefix } from './object-key.js'
import { OpenGate } from './open-gate.js'

export interface MemoryStoreOptions {
  /** Objects to work on, so that several drivers (hosts of a simulation) share one store. Default: none, its own. */
  readonly objects?: MemoryObjects
  /** Gives `createdAt`. Default: the system's. */
  readonly clock?: Clock
  /** Larger bodies are refused with `tooLarge`. Default: no limit. */
  readonly maxObjectBytes?: number
}

/** What a memory store holds, by key. */
export type MemoryObjects = Map<string, { readonly body: Uint8Array; readonly createdAt: number }>

/** An object store that lives as long as the process: for tests, simulations and trying things out. */
export function memoryStore(options: MemoryStoreOptions = {}): ObjectStore {
  return new MemoryStore(options)
}

class MemoryStore implements ObjectStore {
  readonly name = 'memory'
  readonly #objects: MemoryObjects
  readonly #gate = new OpenGate()
  readonly #clock: Clock
  readonly #maxObjectBytes: number

  constructor(options: MemoryStoreOptions) {
    this.#objects = options.objects ?? new Map()
    this.#clock = options.clock ?? systemClock
    this.#maxObjectBytes = options.maxObjectBytes ?? Number.POSITIVE_INFINITY
  }

  check(): Promise<void> {
    return this.#gate.pass(async () => {})
  }

  put(key: string, body: Uint8Array): Promise<void> {
    return this.#gate.pass(async () => {
      checkObjectKey(key)
      checkBody(body)
      if (body.byteLength > this.#maxObjectBytes) {
        throw new SessionError('tooLarge', `The object has more than ${this.#maxObjectBytes} bytes.`)
      }
      if (this.#objects.has(key)) {
        throw new SessionError('exists', 'An object of this name exists; it was left as it is.')
      }
      // A copy, as what is stored must not change with the caller's memory; slice() of a Buffer would be a view of it.
      this.#objects.set(key, { body: new Uint8Array(body), createdAt: this.#clock.now() })
    })
  }

  get(key: string): Promise<Uint8Array> {
    return this.#gate.pass(async () => {
      checkObjectKey(key)
      const stored = this.#objects.get(key)
      if (stored === undefined) throw new SessionError('missing', 'There is no object of this name.')
      return new Uint8Array(stored.body)
    })
  }

  list(prefix: string): Promise<ObjectInfo[]> {
    return this.#gate.pass(async () => {
      checkPrefix(prefix)
      return [...this.#objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { body, createdAt }]) => ({ key, bytes: body.byteLength, createdAt }))
        .sort(byKey)
    })
  }

  listTenants(): Promise<string[]> {
    return this.#gate.pass(async () =>
      [...new Set([...this.#objects.keys()].map((key) => key.slice(0, key.indexOf('/'))))].sort(),
    )
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#gate.pass(async () => {
      for (const key of keys) checkObjectKey(key)
      for (const key of keys) this.#objects.delete(key)
    })
  }

  close(): Promise<void> {
    return this.#gate.close()
  }
}
