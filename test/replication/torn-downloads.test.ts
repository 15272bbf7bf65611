import { describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../src/ports/object-store.js'
import { restoreNewest } from '../../src/replication/walk-back.js'
import { TestStore } from './stores.js'
import { batch, codeOf, creds, TenantModel, tenantId } from './tenant-model.js'

/** Three generations, and a store whose first `torn` downloads of the newest end early, each elsewhere. */
async function tornStore(torn: number) {
  const held = new TestStore()
  const tenant = new TenantModel(held.store)
  await tenant.commit(new Map([['creds.json', creds()]]))
  for (const n of [1, 2]) await tenant.commit(batch({ [`session-${n}.json`]: { n } }))
  let left = torn
  const store: ObjectStore = {
    ...held.store,
    get: async (key) => {
      const body = await held.store.get(key)
      return key === tenant.head!.key && left-- > 0 ? body.subarray(0, body.length - 1 - left) : body
    },
  }
  return { store, tenant, held }
}

// Found by the simulation: one torn download made a start fall back to an older generation.
describe('a download that is torn on its way', () => {
  it('is repeated, and the newest generation is restored', async () => {
    const { store, tenant } = await tornStore(1)
    const { restored, fellBack } = await restoreNewest(store, tenantId, tenant.head!)
    expect(fellBack).toBe(false)
    expect(restored.files).toEqual(tenant.files)
    expect(restored.downloads).toBe(4)
  })

  it('is no proof of damage however often it happens: the store is said to be unavailable', async () => {
    const { store, tenant } = await tornStore(99)
    expect(await codeOf(restoreNewest(store, tenantId, tenant.head!))).toBe('unavailable')
  })

  it('an object that comes down damaged twice in the same way is damaged', async () => {
    const { tenant, held } = await tornStore(0)
    const body = await held.body(tenant.head!.key)
    held.replaced.set(tenant.head!.key, body.subarray(0, body.length >> 1))
    const { fellBack, restored } = await restoreNewest(held.store, tenantId, tenant.head!)
    expect(fellBack).toBe(true)
    expect(restored.head.seq).toBe(2)
  })
})
