import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SessionError } from '../../src/errors.js'
import { encodeGeneration, headSwap, uploadGeneration } from '../../src/replication/commit.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { TestStore } from './stores.js'
import { batch, codeOf, creds, seededRandom, TenantModel, tenantId, treeOf } from './tenant-model.js'

const noise = (seed: string, bytes: number) =>
  createHash('shake256', { outputLength: bytes }).update(seed).digest('base64')

async function session(files: number, bytes: number): Promise<{ held: TestStore; tenant: TenantModel }> {
  const held = new TestStore()
  const tenant = new TenantModel(held.store)
  const all: Record<string, unknown> = {}
  for (let i = 0; i < files; i++) all[`session-${i}.json`] = { noise: noise(`${i}`, bytes) }
  await tenant.commit(batch(all))
  return { held, tenant }
}

describe('the kind of a generation', () => {
  it('is a snapshot for the first', async () => {
    const { tenant } = await session(3, 100)
    expect(tenant.commits[0]!.made.plan).toEqual({ kind: 'snapshot', reason: 'first' })
  })

  it('is a delta for a change, with nothing but the change in it', async () => {
    const { tenant } = await session(200, 1000)
    const made = await tenant.commit(batch({ 'session-1.json': { small: 1 } }))
    expect(made.plan).toEqual({ kind: 'delta', reason: 'change' })
    expect(made.uploadBytes).toBeLessThan(1500)
  })

  it('is cumulative for every 64th since the last, holding what the snapshot lacks', async () => {
    const { held, tenant } = await session(200, 1000)
    for (let i = 0; i < 130; i++)
      await tenant.commit(batch({ [`session-${i % 3}.json`]: { i }, 'session-4.json': null }))
    const compact = tenant.commits
      .filter(({ made }) => made.plan.kind !== 'delta')
      .map(({ head }) => head.seq)
    expect(compact).toEqual([1, 65, 129])
    const restored = await restoreGeneration(held.store, tenantId, tenant.head!)
    expect(restored.files).toEqual(tenant.files)
    expect(restored.downloads).toBe(2 + 131 - 129)
  })

  it('is a snapshot once an hour, if anything changes', async () => {
    const { tenant } = await session(3, 100)
    tenant.nowMs += 3_599_999
    expect((await tenant.commit(batch({ 'session-1.json': {} }))).plan.kind).toBe('delta')
    tenant.nowMs += 1
    expect((await tenant.commit(batch({ 'session-1.json': [] }))).plan).toEqual({
      kind: 'snapshot',
      reason: 'interval',
    })
  })

  it('is a snapshot when so much changed that a cumulative would be more than half of one', async () => {
    const { tenant } = await session(200, 1000)
    const reasons: string[] = []
    for (let i = 0; i < 200; i++) {
      const { plan } = await tenant.commit(
        batch({ [`session-${i}.json`]: { noise: noise(`new${i}`, 1000) } }),
      )
      if (plan.kind !== 'delta') reasons.push(`${plan.kind} ${plan.reason}`)
    }
    expect(reasons).toEqual(['cumulative count', 'snapshot outgrown', 'cumulative count'])
  })

  it('is a snapshot when asked for, and when the chain under the head is not known', async () => {
    const { tenant } = await session(3, 100)
    expect((await tenant.commit(batch({ 'a.json': {} }), { forceSnapshot: true })).plan.reason).toBe('forced')
    tenant.state = null
    expect((await tenant.commit(batch({ 'b.json': {} }))).plan.reason).toBe('unknownChain')
    tenant.state = tenant.commits[0]!.made.next
    expect((await tenant.commit(batch({ 'c.json': {} }))).plan.reason).toBe('unknownChain')
  })

  it('keeps a restore below three times the live bytes and 65 objects, and uploads below four bytes for one that changed', async () => {
    const random = seededRandom(5)
    for (const busy of [2, 20, 120]) {
      const { tenant } = await session(120, 1000)
      const live = tenant.commits[0]!.made.uploadBytes
      const changed = { bytes: 0, uploaded: 0 }
      for (let i = 0; i < 300; i++) {
        const change = batch({
          [`session-${Math.floor(random() * busy)}.json`]: { noise: noise(`${random()}`, 1000) },
        })
        for (const content of change.values()) changed.bytes += content!.length
        const { uploadBytes, next } = await tenant.commit(change)
        changed.uploaded += uploadBytes
        expect(next.chain.length).toBeLessThanOrEqual(65)
        const sizes = new Map(tenant.commits.map(({ made }) => [made.next.chain.at(-1), made.uploadBytes]))
        const read = next.chain.reduce((sum, name) => sum + sizes.get(name)!, 0)
        expect(read).toBeLessThan(3 * live)
      }
      expect(changed.uploaded / changed.bytes).toBeLessThan(4)
    }
  })
})

describe('making a generation', () => {
  const input = (files: Map<string, string>, changes: Map<string, string | null>) => ({
    tenantId,
    epoch: 1,
    head: null,
    state: null,
    changes,
    tree: treeOf(files),
    readFiles: () => files,
    nowMs: 1,
    random: seededRandom(1),
  })

  it('refuses a damaged file', async () => {
    const files = new Map([['creds.json', '{}']])
    const changes = new Map([['creds.json', '']])
    expect(await codeOf(encodeGeneration(input(files, changes)))).toBe('corrupt')
  })

  it('refuses a change that is not what the tree says', async () => {
    const files = new Map([['creds.json', '{}']])
    expect(await codeOf(encodeGeneration(input(files, new Map([['creds.json', '{"a":1}']]))))).toBe('invalid')
    expect(await codeOf(encodeGeneration(input(files, new Map([['creds.json', null]]))))).toBe('invalid')
  })

  it('refuses a file that moved on while it was read, and says to try again', async () => {
    const files = new Map([['creds.json', '{}']])
    const moved = { ...input(files, new Map()), readFiles: () => new Map([['creds.json', '{"a":1}']]) }
    expect(await codeOf(encodeGeneration(moved))).toBe('unavailable')
    const gone = { ...input(files, new Map()), readFiles: () => new Map() }
    expect(await codeOf(encodeGeneration(gone))).toBe('unavailable')
  })

  it('asks for no file that is gone', async () => {
    const { held, tenant } = await session(50, 1000)
    await tenant.commit(batch({ 'session-1.json': null, 'session-2.json': {} }))
    tenant.apply(batch({ 'session-3.json': {} }))
    const asked: string[] = []
    const made = await encodeGeneration({
      ...input(tenant.files, batch({ 'session-3.json': {} })),
      head: tenant.head,
      state: tenant.state,
      nowMs: tenant.nowMs,
      settings: { cumulativeEvery: 2, snapshotIntervalMs: 3_600_000, minTailBytes: 65_536 },
      readFiles: (names) => {
        asked.push(...names)
        return tenant.files
      },
    })
    expect(made.plan.kind).toBe('cumulative')
    expect(asked).toEqual(['session-2.json'])
    await uploadGeneration(held.store, made.objects)
    expect((await restoreGeneration(held.store, tenantId, made.head)).files).toEqual(tenant.files)
  })

  it('carries the highest pre-key id that any generation had', async () => {
    const { held, tenant } = await session(1, 10)
    for (const nextPreKeyId of [31, 812, 40]) {
      await tenant.commit(new Map([['creds.json', creds({ nextPreKeyId })]]))
    }
    expect(tenant.head!.marks).toEqual({ nextPreKeyId: 812 })
    expect((await restoreGeneration(held.store, tenantId, tenant.head!)).head.marks).toEqual({
      nextPreKeyId: 812,
    })
  })

  it('gives the swap of exactly the head it followed', async () => {
    const { tenant } = await session(1, 10)
    const lease = { tenantId, owner: 'host-1', epoch: 1 }
    expect(headSwap(lease, tenant.head!)).toEqual({ ...lease, expectedSeq: 0, head: tenant.head })
  })
})

describe('uploading a generation', () => {
  it('may be repeated after an answer was lost', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store)
    tenant.apply(batch({ 'creds.json': {} }))
    const { objects, head } = await tenant.encode(batch({ 'creds.json': {} }))
    await held.store.put(objects[0]!.key, objects[0]!.body)
    await uploadGeneration(held.store, objects)
    expect((await restoreGeneration(held.store, tenantId, head)).files).toEqual(tenant.files)
  })

  it('refuses a name that holds other bytes', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store)
    tenant.apply(batch({ 'creds.json': {} }))
    const { objects } = await tenant.encode(batch({ 'creds.json': {} }))
    await held.store.put(objects[0]!.key, Buffer.from('{}'))
    expect(await codeOf(uploadGeneration(held.store, objects))).toBe('exists')
  })

  it('writes no generation when one of its parts was refused', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store, { maxObjectBytes: 2000 })
    tenant.apply(batch({ 'session-1.json': { noise: noise('x', 9000) } }))
    const { objects, head } = await tenant.encode(new Map(tenant.files))
    held.fault = (operation, key) =>
      operation === 'put' && key.includes('part-3') ? new SessionError('tooLarge', 'no') : null
    expect(await codeOf(uploadGeneration(held.store, objects))).toBe('tooLarge')
    expect(await held.keys()).not.toContain(head.key)
  })
})
