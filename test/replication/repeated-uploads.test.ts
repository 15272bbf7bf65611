import { describe, expect, it } from 'vitest'
import { uploadGeneration } from '../../src/replication/commit.js'
import { findHead } from '../../src/replication/find-head.js'
import { TestStore } from './stores.js'
import { batch, creds, TenantModel, tenantId } from './tenant-model.js'

// Found by the simulation: of two uploads with one sequence number, chance decided after the registry was lost.
describe('an upload whose answer was lost, and that was made anew with more changes', () => {
  it.each(
    Array.from({ length: 8 }, (_, n) => n + 1),
  )('does not hide the later one, which was committed, from a host that only has the store (names of seed %i)', async (seed) => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store, { seed })
    await tenant.commit(new Map([['creds.json', creds()]]))
    const first = batch({ 'session-1.json': { n: 1 } })
    tenant.apply(first)
    const unanswered = await tenant.encode(first)
    await uploadGeneration(held.store, unanswered.objects)
    tenant.nowMs++
    await tenant.commit(batch({ 'session-1.json': { n: 1 }, 'session-2.json': { n: 2 } }))
    expect(unanswered.head.seq).toBe(tenant.head!.seq)

    const found = await findHead(held.store, tenantId)
    expect(found!.restored.head).toEqual(tenant.head)
    expect(found!.restored.files).toEqual(tenant.files)
  })
})
