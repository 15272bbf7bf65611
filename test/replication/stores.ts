import { SessionError } from '../../src/errors.js'
import type { ObjectStore } from '../../src/ports/object-store.js'
import { memoryStore } from '../../src/stores/memory.js'

/** A memory store that counts requests, can be damaged behind its back, and fails when told to. */
export class TestStore {
  readonly store: ObjectStore
  readonly requests = { put: 0, get: 0, list: 0, remove: 0 }
  readonly replaced = new Map<string, Uint8Array | null>()
  /** Asked before each request; an error given is thrown. */
  fault: (operation: 'check' | 'put' | 'get' | 'list' | 'remove', key: string) => SessionError | null = () =>
    null
  readonly #inner: ObjectStore

  constructor(clock?: { now(): number }) {
    this.#inner = memoryStore(
      clock ? { clock: { now: () => clock.now(), setTimeout: () => 0, clearTimeout: () => {} } } : {},
    )
    this.store = this.#counting()
  }

  async keys(): Promise<string[]> {
    return (await this.#inner.list('tenant-1/')).map(({ key }) => key)
  }

  async body(key: string): Promise<Buffer> {
    return Buffer.from(this.replaced.get(key) ?? (await this.#inner.get(key)))
  }

  #counting(): ObjectStore {
    const inner = this.#inner
    const refuse = (operation: Parameters<TestStore['fault']>[0], key: string) => {
      const error = this.fault(operation, key)
      if (error) throw error
    }
    return {
      name: 'test',
      check: async () => refuse('check', ''),
      put: async (key, body) => {
        this.requests.put++
        refuse('put', key)
        await inner.put(key, body)
      },
      get: async (key) => {
        this.requests.get++
        refuse('get', key)
        const replaced = this.replaced.get(key)
        if (replaced === null) throw new SessionError('missing', 'There is no object of this name.')
        return replaced ?? inner.get(key)
      },
      list: async (prefix) => {
        this.requests.list++
        refuse('list', prefix)
        return (await inner.list(prefix)).filter(({ key }) => this.replaced.get(key) !== null)
      },
      listTenants: () => inner.listTenants(),
      remove: async (keys) => {
        this.requests.remove++
        refuse('remove', keys[0] ?? '')
        await inner.remove(keys)
      },
      close: () => inner.close(),
    }
  }
}

export const unavailable = () => new SessionError('unavailable', 'The store does not answer.')
