import { expect, it } from 'vitest'
import type { MemoryObjects } from '../../src/stores/index.js'
import { memoryStore } from '../../src/stores/index.js'
import { body, describeObjectStore } from '../conformance/object-store.suite.js'

describeObjectStore('memory', async () => {
  const objects: MemoryObjects = new Map()
  const maxObjectBytes = 4_000_000
  const open = () => memoryStore({ objects, maxObjectBytes })
  return { store: open(), reopen: open, atomicPut: true, maxObjectBytes, cleanUp: async () => {} }
})

it('stamps objects by the clock that it is given', async () => {
  const clock = { now: () => 1234, setTimeout: () => 0, clearTimeout: () => {} }
  const store = memoryStore({ clock })
  await store.put('tenant/a.json', body('x'))
  expect(await store.list('tenant/')).toEqual([{ key: 'tenant/a.json', bytes: 3, createdAt: 1234 }])
})
