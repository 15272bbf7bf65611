import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStore } from '../src/ports/object-store.js'

/** What was asked of a store. */
export interface Traffic {
  requests: number
  bytesUp: number
  bytesDown: number
}

export interface CountedStore extends ObjectStore {
  readonly traffic: Traffic
  /** Zeroes the counters. */
  reset(): void
}

export interface Latency {
  /** Milliseconds that each request takes on the way. */
  readonly ms: number
  /** Share of it that is chance: 0.2 is ± 20 %. */
  readonly jitter: number
}

/** A store behind a network: each request waits for its time, and is counted. */
export function slowStore(inner: ObjectStore, { ms, jitter }: Latency = { ms: 0, jitter: 0 }): CountedStore {
  const traffic: Traffic = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const wait = async () => {
    traffic.requests++
    if (ms > 0) await sleep(ms * (1 + jitter * (2 * Math.random() - 1)))
  }
  return {
    name: inner.name,
    traffic,
    reset: () => void Object.assign(traffic, { requests: 0, bytesUp: 0, bytesDown: 0 }),
    check: async () => {
      await wait()
      await inner.check()
    },
    put: async (key, body) => {
      traffic.bytesUp += body.byteLength
      await wait()
      await inner.put(key, body)
    },
    get: async (key) => {
      await wait()
      const body = await inner.get(key)
      traffic.bytesDown += body.byteLength
      return body
    },
    list: async (prefix) => {
      await wait()
      return await inner.list(prefix)
    },
    listTenants: async () => {
      await wait()
      return await inner.listTenants()
    },
    remove: async (keys) => {
      await wait()
      await inner.remove(keys)
    },
    close: () => inner.close(),
  }
}

/** Takes every object and keeps only those that it had: a load that lasts does not fill the memory that is measured. */
export function forgetful(inner: ObjectStore): ObjectStore {
  return {
    name: inner.name,
    check: () => inner.check(),
    put: async () => {},
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    listTenants: () => inner.listTenants(),
    remove: (keys) => inner.remove(keys),
    close: () => inner.close(),
  }
}
