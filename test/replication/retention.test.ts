import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ObjectInfo } from '../../src/ports/object-store.js'
import type { Head } from '../../src/ports/registry.js'
import { collectGarbage, deleteTenant } from '../../src/replication/collect.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { decideRetention, defaultRetention, type RetentionSettings } from '../../src/replication/retention.js'
import { TestStore, unavailable } from './stores.js'
import { batch, codeOf, creds, seededRandom, TenantModel, tenantId } from './tenant-model.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

interface World {
  readonly held: TestStore
  readonly tenant: TenantModel
  /** Keys of what fenced owners and broken uploads left. */
  readonly garbage: string[]
  readonly clock: { at: number; now(): number }
}

const noise = (random: () => number, length: number) =>
  Array.from({ length }, () => Math.floor(random() * 36).toString(36)).join('')

/**
 * A tenant's life over about `spanMs`: bursts of small changes minutes apart with long pauses between them, a snapshot
 * in parts, cumulatives, and now and then a generation that a fenced owner uploaded for the same number.
 */
async function life(seed: number, commits: number, spanMs: number): Promise<World> {
  const clock = { at: 1_700_000_000_000, now: () => clock.at }
  const held = new TestStore(clock)
  const random = seededRandom(seed)
  const options = { settings: { cumulativeEvery: 4 }, maxObjectBytes: 2200 }
  const tenant = new TenantModel(held.store, { ...options, seed })
  const garbage: string[] = []
  const first = Array.from({ length: 8 }, (_, i) => [`session-${i}.json`, { fill: noise(random, 300) }])
  await tenant.commit(new Map([['creds.json', creds()], ...batch(Object.fromEntries(first))]))
  for (let i = 1; i < commits; i++) {
    clock.at += Math.floor(random() * (random() < 0.1 ? (spanMs * 20) / commits : 5 * minute))
    tenant.nowMs = clock.at
    if (random() < 0.15) {
      const fenced = new TenantModel(held.store, { ...options, epoch: tenant.epoch, seed: seed + i })
      fenced.apply(tenant.files)
      Object.assign(fenced, { head: tenant.head, state: tenant.state, nowMs: tenant.nowMs })
      const forceSnapshot = random() < 0.5
      const made = await fenced.commit(batch({ 'session-1.json': { fenced: i } }), { forceSnapshot })
      garbage.push(...made.objects.map(({ key }) => key))
      tenant.epoch++
    }
    await tenant.commit(
      batch({ [`session-${Math.floor(random() * 8)}.json`]: { i, fill: noise(random, 40) } }),
    )
  }
  return { held, tenant, garbage, clock }
}

const input = ({ tenant, clock }: World, settings: RetentionSettings = defaultRetention) => ({
  tenantId,
  head: tenant.head!,
  chain: tenant.state!.chain.slice(0, -1),
  nowMs: clock.at,
  settings,
})

async function restores(held: TestStore, head: Head): Promise<boolean> {
  return restoreGeneration(held.store, tenantId, head).then(
    () => true,
    () => false,
  )
}

const spans = fc.constantFrom(2 * hour, 2 * day, 20 * day)
const margins = fc.constantFrom(0, 0, 15 * minute)

describe('collecting garbage', () => {
  it('never breaks the head, the last 15 minutes, or the one point an hour and a day', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), spans, margins, async (seed, spanMs, marginMs) => {
        const world = await life(seed, 60, spanMs)
        const { held, tenant, clock } = world
        const committedAt = new Map(
          (await held.store.list(`${tenantId}/`)).map(({ key, createdAt }) => [key, createdAt]),
        )
        const age = (head: Head) => clock.at - committedAt.get(head.key)!
        await collectGarbage(held.store, input(world, { ...defaultRetention, marginMs }))
        const left = new Set(await held.keys())
        const heads = tenant.commits.map(({ head }) => head)
        const good: Head[] = []
        for (const head of heads) if (left.has(head.key) && (await restores(held, head))) good.push(head)
        expect(good).toContainEqual(tenant.head)
        const recent = heads.filter((head) => age(head) <= 15 * minute)
        expect(good).toEqual(expect.arrayContaining(recent))
        const before = heads.filter((head) => age(head) > 15 * minute).slice(-1)
        expect(good).toEqual(expect.arrayContaining(before))
        for (const [limit, bucket] of [
          [day, hour],
          [7 * day, day],
        ] as const) {
          const bucketOf = (head: Head) => Math.floor(committedAt.get(head.key)! / bucket)
          const wanted = new Set(heads.filter((head) => age(head) <= limit).map(bucketOf))
          expect(new Set(good.filter((head) => age(head) <= limit).map(bucketOf))).toEqual(wanted)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('leaves, interrupted anywhere, no generation without what it needs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.double({ min: 0, max: 1, noNaN: true }), async (seed, share) => {
        const world = await life(seed, 60, 20 * day)
        const { held, tenant } = world
        const before = await held.store.list(`${tenantId}/`)
        const { remove } = decideRetention({ ...input(world), objects: before })
        await held.store.remove(remove.slice(0, Math.floor(remove.length * share)))
        const left = new Set(await held.keys())
        for (const { head, files } of tenant.commits) {
          if (!left.has(head.key)) continue
          expect((await restoreGeneration(held.store, tenantId, head)).files).toEqual(files)
        }
        await collectGarbage(held.store, input(world))
        const again = decideRetention({ ...input(world), objects: await held.store.list(`${tenantId}/`) })
        expect(again.remove).toEqual([])
        expect(await restores(held, tenant.head!)).toBe(true)
      }),
      { numRuns: 12 },
    )
  })

  it('removes most of a long life, and what fenced owners left in it', async () => {
    const world = await life(3, 300, 30 * day)
    const { held, garbage } = world
    const before = (await held.keys()).length
    expect(garbage.length).toBeGreaterThan(5)
    const { removed, keep } = await collectGarbage(held.store, input(world))
    const left = await held.keys()
    expect(left.length).toBe(keep)
    expect(before - left.length).toBe(removed)
    expect(removed).toBeGreaterThan(before / 2)
    const week = (await held.store.list(`${tenantId}/`)).filter(
      ({ createdAt }) => createdAt < world.clock.at - 8 * day,
    )
    expect(week.map(({ key }) => key).filter((key) => garbage.includes(key))).toEqual([])
  })

  it("collects after the margin what lost a race for a number of the head's own chain", async () => {
    const world = await life(4, 1, 0)
    const { held, tenant, clock } = world
    const fenced = new TenantModel(held.store, { seed: 77 })
    fenced.apply(tenant.files)
    Object.assign(fenced, { head: tenant.head, state: tenant.state, nowMs: clock.at })
    const lost = await fenced.commit(batch({ 'session-1.json': { fenced: 1 } }))
    tenant.epoch++
    await tenant.commit(batch({ 'session-1.json': { mine: 1 } }))
    clock.at += defaultRetention.marginMs
    await tenant.commit(batch({ 'session-2.json': {} }))
    expect((await collectGarbage(held.store, input(world))).removed).toBe(0)
    clock.at += 1
    await tenant.commit(batch({ 'session-3.json': {} }))
    expect((await collectGarbage(held.store, input(world))).removed).toBe(lost.objects.length)
    expect(await held.keys()).not.toContain(lost.head.key)
    expect(await restores(held, tenant.head!)).toBe(true)
  })

  it('removes nothing early for a host whose clock runs ahead', async () => {
    const world = await life(5, 100, 20 * day)
    const objects = await world.held.store.list(`${tenantId}/`)
    const right = decideRetention({ ...input(world), objects })
    const ahead = decideRetention({ ...input(world), nowMs: world.clock.at + 365 * day, objects })
    expect(right.remove.length).toBeGreaterThan(0)
    expect(ahead).toEqual(right)
  })

  it('removes nothing above the head, as a registry restored from an old copy would have it', async () => {
    const world = await life(6, 200, 30 * day)
    const old = world.tenant.commits[100]!
    const objects = await world.held.store.list(`${tenantId}/`)
    const { remove } = decideRetention({ ...input(world), head: old.head, chain: null, objects })
    expect(remove.length).toBeGreaterThan(0)
    for (const key of remove)
      expect(Number(key.split('/')[2]!.slice(0, 10))).toBeLessThanOrEqual(old.head.seq)
  })

  it('keeps the head of a tenant that is quiet, whatever is uploaded above it', async () => {
    const { held, tenant, clock } = await life(12, 50, day)
    clock.at += 20 * day
    await held.store.put(`${tenantId}/generations/0000000051-1-s51.51-aaaaaaaaaa.json`, Buffer.from('{}'))
    const { removed } = await collectGarbage(held.store, input({ held, tenant, clock, garbage: [] }))
    expect(removed).toBeGreaterThan(0)
    expect(await restores(held, tenant.head!)).toBe(true)
  })

  it('removes nothing while the listing lacks an object that the head needs', async () => {
    const world = await life(7, 200, 30 * day)
    const all = await world.held.store.list(`${tenantId}/`)
    expect(decideRetention({ ...input(world), objects: all }).remove.length).toBeGreaterThan(0)
    for (const name of world.tenant.state!.chain) {
      const objects = all.filter(({ key }) => !key.endsWith(`/${name}.json`))
      expect(decideRetention({ ...input(world), objects }).remove).toEqual([])
    }
    const head = { ...world.tenant.head!, key: 'elsewhere' }
    expect(decideRetention({ ...input(world), head, objects: all }).remove).toEqual([])
  })

  it('never touches what is not of its making', async () => {
    const world = await life(8, 100, 30 * day)
    const foreign: ObjectInfo[] = ['notes.json', '0000000001.json', '0000000001-1-x1.1-aaaaaaaaaa.json'].map(
      (name) => ({
        key: `${tenantId}/generations/${name}`,
        bytes: 1,
        createdAt: 0,
      }),
    )
    const objects = [...(await world.held.store.list(`${tenantId}/`)), ...foreign]
    const { remove, unknown } = decideRetention({ ...input(world), objects })
    expect(unknown).toBe(foreign.length)
    for (const { key } of foreign) expect(remove).not.toContain(key)
  })

  it('goes on after a store that failed between two batches', async () => {
    const world = await life(9, 600, 60 * day)
    let calls = 0
    world.held.fault = (operation) => (operation === 'remove' && ++calls === 2 ? unavailable() : null)
    expect(await codeOf(collectGarbage(world.held.store, input(world)))).toBe('unavailable')
    expect(await restores(world.held, world.tenant.head!)).toBe(true)
    expect((await collectGarbage(world.held.store, input(world))).removed).toBeGreaterThan(0)
    expect((await collectGarbage(world.held.store, input(world))).removed).toBe(0)
    expect(await restores(world.held, world.tenant.head!)).toBe(true)
  })
})

describe('deleting a tenant', () => {
  it("removes every object of it, those of an older layout too, and no other tenant's", async () => {
    const { held } = await life(10, 20, day)
    await held.store.put(`${tenantId}/creds.json`, Buffer.from('{}'))
    await held.store.put('tenant-10/creds.json', Buffer.from('{}'))
    const count = (await held.keys()).length
    expect(await deleteTenant(held.store, tenantId)).toBe(count)
    expect(await held.keys()).toEqual([])
    expect(await held.store.listTenants()).toEqual(['tenant-10'])
    expect(await deleteTenant(held.store, tenantId)).toBe(0)
  })

  it('says so when a store removes nothing', async () => {
    const { held } = await life(11, 3, day)
    const store = { ...held.store, remove: async () => {} }
    expect(await codeOf(deleteTenant(store, tenantId))).toBe('unavailable')
  })
})
