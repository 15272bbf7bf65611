import { describe, expect, it } from 'vitest'
import { restoreGeneration } from '../../src/replication/restore.js'
import { realSession } from './real-session.js'
import { TestStore } from './stores.js'
import { TenantModel, tenantId } from './tenant-model.js'

describe('a real session of 942 files', () => {
  it('is backed up in one request, 20 changed files in one, and restored in at most three', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store)
    const files = realSession()
    expect(files.size).toBe(942)
    const first = await tenant.commit(files)
    expect(held.requests).toEqual({ put: 1, get: 0, list: 0, remove: 0 })
    const sessions = [...files.keys()].filter((name) => name.startsWith('session-')).slice(0, 20)
    const changes = sessions.map(
      (name) => [name, files.get(name)!.replace('"_sessions"', '"other"')] as const,
    )
    const second = await tenant.commit(new Map(changes))
    expect(held.requests).toEqual({ put: 2, get: 0, list: 0, remove: 0 })
    expect(second.uploadBytes).toBeLessThan(first.uploadBytes / 4)

    const restored = await restoreGeneration(held.store, tenantId, tenant.head!)
    expect(restored.files).toEqual(tenant.files)
    expect(restored.downloads).toBe(2)
    expect(held.requests).toEqual({ put: 2, get: 2, list: 0, remove: 0 })
  })

  it('is restored in three requests after a cumulative', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store)
    await tenant.commit(realSession())
    for (let i = 0; i < 65; i++)
      await tenant.commit(new Map([['device-list-1.json', JSON.stringify([`${i}`])]]))
    expect(tenant.commits.map(({ made }) => made.plan.kind).lastIndexOf('cumulative')).toBe(64)
    expect((await restoreGeneration(held.store, tenantId, tenant.head!)).downloads).toBe(3)
    expect((await restoreGeneration(held.store, tenantId, tenant.head!)).files).toEqual(tenant.files)
  })

  it('shows neither a file name nor a phone number outside of the payload', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store)
    const { objects } = await tenant.commit(realSession())
    const { payload, ...header } = JSON.parse(objects[0]!.body.toString()) as { payload: object }
    expect(JSON.stringify({ ...header, payload: { ...payload, data: null } })).not.toMatch(
      /1555|1566|\.json|pre-key/,
    )
  })
})
