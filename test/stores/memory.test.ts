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

it('keeps a copy of a Buffer, whose own slice() is a view of the same memory', async () => {
  const store = memoryStore()
  const given = Buffer.from('"as it was put"')
  await store.put('tenant/a.json', given)
  given.fill(0x20)
  const first = Buffer.from(await store.get('tenant/a.json'))
  expect(first.toString()).toBe('"as it was put"')
  ;(await store.get('tenant/a.json')).fill(0x20)
  expect(Buffer.from(await store.get('tenant/a.json')).toString()).toBe('"as it was put"')
})
