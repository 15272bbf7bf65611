import { join } from 'node:path'
import type { ObjectStore } from '../../src/ports/object-store.js'
import { directoryStore } from '../../src/stores/directory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { supabaseStore } from '../../src/stores/supabase.js'
import { startSupabaseStandIn } from '../../test/stores/stand-in/index.js'
import type { Latency } from '../slow-store.js'
import { type BlobStore, directoryBlobs, memoryBlobs, supabaseBlobs } from './blob-store.js'

export const storeNames = ['memory', 'memory-50ms', 'directory', 'supabase'] as const
export type StoreName = (typeof storeNames)[number]

export interface Backend {
  readonly latency: Latency
  objects(): ObjectStore
  blobs(): BlobStore
  close(): Promise<void>
}

const none: Latency = { ms: 0, jitter: 0 }

/** `supabase` is the project of SUPABASE_TEST_URL and SUPABASE_TEST_SERVICE_KEY or, without them, the stand-in server. */
export async function backendOf(name: StoreName, path: string): Promise<Backend> {
  const close = async () => {}
  switch (name) {
    case 'memory':
      return { latency: none, objects: () => memoryStore(), blobs: memoryBlobs, close }
    case 'memory-50ms':
      return { latency: { ms: 50, jitter: 0.2 }, objects: () => memoryStore(), blobs: memoryBlobs, close }
    case 'directory': {
      const objects = () => directoryStore({ path: join(path, 'objects') })
      return { latency: none, objects, blobs: () => directoryBlobs(join(path, 'blobs')), close }
    }
    case 'supabase':
      return await supabaseBackend()
  }
}

async function supabaseBackend(): Promise<Backend> {
  const { SUPABASE_TEST_URL: url, SUPABASE_TEST_SERVICE_KEY: key, SUPABASE_TEST_BUCKET } = process.env
  if (url && key) {
    const project = { url, key, bucket: SUPABASE_TEST_BUCKET ?? 'whatsapp-sessions' }
    return backendAt(project, async () => {})
  }
  const standIn = await startSupabaseStandIn()
  const project = { url: standIn.url, key: standIn.serviceKey, bucket: standIn.bucket }
  return backendAt(project, () => standIn.close())
}

function backendAt(
  project: { url: string; key: string; bucket: string },
  close: () => Promise<void>,
): Backend {
  return { latency: none, objects: () => supabaseStore(project), blobs: () => supabaseBlobs(project), close }
}
