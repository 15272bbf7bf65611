import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type SupabaseClientOptions } from '@supabase/supabase-js'
import PQueue from 'p-queue'
import type { Latency, Traffic } from '../slow-store.js'

/** What the other strategies need of a store: objects that are overwritten in place. */
export interface BlobStore {
  put(key: string, body: Uint8Array): Promise<void>
  get(key: string): Promise<Buffer>
  list(folder: string): Promise<string[]>
}

export function memoryBlobs(): BlobStore {
  const objects = new Map<string, Buffer>()
  return {
    put: async (key, body) => void objects.set(key, Buffer.from(body)),
    get: async (key) => objects.get(key)!,
    list: async (folder) => [...objects.keys()].filter((key) => key.startsWith(`${folder}/`)),
  }
}

export function directoryBlobs(path: string): BlobStore {
  return {
    put: async (key, body) => {
      mkdirSync(dirname(join(path, key)), { recursive: true })
      writeFileSync(join(path, key), body)
    },
    get: async (key) => readFileSync(join(path, key)),
    list: async (folder) => readdirSync(join(path, folder)).map((name) => `${folder}/${name}`),
  }
}

/** Node 20 has no WebSocket of its own, and the client insists on one that is never used. */
const options: SupabaseClientOptions<'public'> = {
  auth: { persistSession: false },
  realtime: { transport: class {} as never },
}

/** As the guides do it: `upload` with `upsert`, `download`, `list` in pages of 1,000. */
export function supabaseBlobs({ url, key, bucket }: { url: string; key: string; bucket: string }): BlobStore {
  const files = createClient(url, key, options).storage.from(bucket)
  const or = <T>({ data, error }: { data: T | null; error: unknown }): T => {
    if (error !== null || data === null)
      throw new Error('The store refused a request of the bench.', { cause: error })
    return data
  }
  return {
    put: async (name, body) => {
      or(await files.upload(name, body, { upsert: true, contentType: 'application/json' }))
    },
    get: async (name) => Buffer.from(await or(await files.download(name)).arrayBuffer()),
    list: async (folder) => {
      const names: string[] = []
      for (;;) {
        const page = or(await files.list(folder, { limit: 1_000, offset: names.length }))
        names.push(...page.map(({ name }) => `${folder}/${name}`))
        if (page.length < 1_000) return names
      }
    },
  }
}

/** @param latency is looked at with each request */
export function slowBlobs(inner: BlobStore, latency: Latency): BlobStore & { traffic: Traffic } {
  const traffic: Traffic = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const wait = async () => {
    const { ms, jitter } = latency
    traffic.requests++
    if (ms > 0) await sleep(ms * (1 + jitter * (2 * Math.random() - 1)))
  }
  return {
    traffic,
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
    list: async (folder) => {
      await wait()
      return await inner.list(folder)
    },
  }
}

/** At most `limit` requests at a time, of all tenants together. */
export function limitedBlobs(inner: BlobStore, limit: number): BlobStore {
  const queue = new PQueue({ concurrency: limit })
  return {
    put: (key, body) => queue.add(() => inner.put(key, body)),
    get: (key) => queue.add(() => inner.get(key)),
    list: (folder) => queue.add(() => inner.list(folder)),
  }
}
