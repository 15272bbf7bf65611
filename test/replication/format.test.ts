import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Head } from '../../src/ports/registry.js'
import { canonicalJson } from '../../src/replication/hash.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { TestStore } from './stores.js'
import { TenantModel, tenantId } from './tenant-model.js'

/** What version 0.1.0 wrote: a snapshot in parts and a delta upon it. Never to be made again by a later version. */
const written = JSON.parse(readFileSync(new URL('../data/format-1.json', import.meta.url), 'utf8')) as {
  head: Head
  files: Record<string, string>
  objects: Record<string, string>
}

it('backups of the first version are restored', async () => {
  const held = new TestStore()
  for (const [key, body] of Object.entries(written.objects)) await held.store.put(key, Buffer.from(body))
  const restored = await restoreGeneration(held.store, tenantId, written.head)
  expect(Object.fromEntries(restored.files)).toEqual(written.files)
  expect(restored.head).toEqual(written.head)
})

it.each([
  1_500, 100_000,
])('objects of at most %d bytes are canonical JSON, data and digest among it', async (maxObjectBytes) => {
  const tenant = new TenantModel(new TestStore().store, { maxObjectBytes })
  const { objects } = await tenant.commit(new Map(Object.entries(written.files)))
  expect(objects.length).toBe(maxObjectBytes === 1_500 ? 4 : 1)
  for (const { body } of objects) expect(body.toString()).toBe(canonicalJson(JSON.parse(body.toString())))
})
