import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClaimRequest, LeasedTenant, Registry } from '../../src/ports/registry.js'
import { newTenant, type RegistryUnderTest } from './registry.suite.js'

const ttlMs = 60_000
const idsOf = (claimed: readonly LeasedTenant[]) => claimed.map(({ record }) => record.tenantId)

/** What every registry does for hosts that share tenants. */
export function describeClaims(name: string, create: () => Promise<RegistryUnderTest>): void {
  describe(`${name} registry, shared by hosts`, () => {
    let under: RegistryUnderTest
    let registry: Registry

    beforeAll(async () => {
      under = await create()
      registry = under.registry
      await registry.open()
    }, 60_000)
    afterAll(async () => {
      await registry?.close()
      await under?.dispose()
    })
    /** Nothing is to run, and nobody is there. */
    beforeEach(async () => {
      for (const { tenantId } of await registry.list({ desiredState: 'running' }))
        await registry.setDesired(tenantId, 'stopped')
      for (const { owner } of (await checkIn('nobody')).hosts) await registry.checkOut(owner)
    })

    const checkIn = (owner: string, capacity = 10, joinedAt: number | null = null) =>
      registry.checkIn({ owner, capacity, ttlMs, joinedAt })
    const claim = (owner: string, changes: Partial<ClaimRequest> = {}) =>
      registry.claim({ owner, ttlMs, limit: 100, expired: false, ...changes })
    /** New tenants that are to run, by id. */
    const wanted = async (count: number): Promise<string[]> => {
      const ids = Array.from({ length: count }, newTenant).sort()
      for (let i = 0; i < count; i += 20)
        await Promise.all(ids.slice(i, i + 20).map((id) => registry.setDesired(id, 'running')))
      return ids
    }
    const lease = (tenantId: string, owner: string) => registry.acquire({ tenantId, owner, ttlMs })
    const end = async (tenantId: string, owner: string) => {
      const { lease: held } = await lease(tenantId, owner)
      await registry.release(owner, [{ tenantId, epoch: held.epoch, ended: true }])
    }

    describe('check-in', () => {
      it('tells who is there, with what room and how many leases, and who joined when', async () => {
        const ids = await wanted(3)
        await lease(ids[0]!, 'host-b')
        const before = await under.now()
        const first = await checkIn('host-b', Number.POSITIVE_INFINITY)
        expect(first).toEqual({
          hosts: [{ owner: 'host-b', capacity: Number.POSITIVE_INFINITY, leases: 1 }],
          joinedAt: expect.any(Number),
          wanted: 3,
          free: 2,
          expired: 0,
          unwanted: [],
        })
        expect(first.joinedAt).toBeGreaterThanOrEqual(Math.floor(before) - 1)
        expect(first.joinedAt).toBeLessThanOrEqual(Math.ceil(await under.now()) + 1)
        const second = await checkIn('host-a', 0)
        expect(second.hosts).toEqual([
          { owner: 'host-a', capacity: 0, leases: 0 },
          { owner: 'host-b', capacity: Number.POSITIVE_INFINITY, leases: 1 },
        ])
        const again = await checkIn('host-b', 7, first.joinedAt)
        expect(again.hosts[1]).toMatchObject({ capacity: 7 })
        expect(again.joinedAt).toBe(first.joinedAt)
      })

      it('forgets a host that has left, or that has not checked in again', async () => {
        await checkIn('host-a')
        await checkIn('host-b')
        await registry.checkOut('host-a')
        await registry.checkOut('never there')
        expect((await checkIn('host-c')).hosts.map(({ owner }) => owner)).toEqual(['host-b', 'host-c'])
        await under.expireHost('host-b')
        expect((await checkIn('host-d')).hosts.map(({ owner }) => owner)).not.toContain('host-b')
      })

      it('counts what is to run: free, given up, held, and run out', async () => {
        const [free, held, givenUp, stopped, expired] = (await wanted(5)) as [
          string,
          string,
          string,
          string,
          string,
        ]
        await lease(expired, 'host-a')
        await under.expire(expired)
        await lease(held, 'host-a')
        await lease(givenUp, 'host-a')
        await registry.release('host-a', [{ tenantId: givenUp, epoch: 1 }])
        await lease(stopped, 'host-a')
        await registry.setDesired(stopped, 'stopped')
        const pool = await checkIn('host-a')
        expect(pool).toMatchObject({ wanted: 4, free: 2, expired: 1, hosts: [{ leases: 2 }] })
        expect(pool.unwanted).toContainEqual({ tenantId: stopped, epoch: 1 })
        expect((await checkIn('host-x')).unwanted).toEqual([])
        expect(idsOf(await claim('host-b'))).toEqual([free, givenUp].sort())
      })

      it('refuses what is no host', async () => {
        await expect(checkIn('')).rejects.toMatchObject({ code: 'invalid' })
        for (const capacity of [-1, 0.5, Number.NaN])
          await expect(checkIn('host-a', capacity)).rejects.toMatchObject({ code: 'invalid' })
        const never = registry.checkIn({ owner: 'host-a', capacity: 1, ttlMs: 0, joinedAt: null })
        await expect(never).rejects.toMatchObject({ code: 'invalid' })
      })
    })

    describe('claims', () => {
      it('take no more than asked for, by tenant id, and give lease and row', async () => {
        const ids = await wanted(5)
        const claimed = await claim('host-a', { limit: 3 })
        expect(idsOf(claimed)).toEqual(ids.slice(0, 3))
        for (const { lease: given, record } of claimed) {
          expect(given).toMatchObject({ owner: 'host-a', epoch: 1 })
          expect(given.expiresAt).toBeGreaterThan((await under.now()) + 50_000)
          expect(record).toEqual(await registry.read(record.tenantId))
        }
        expect(idsOf(await claim('host-b'))).toEqual(ids.slice(3))
        expect(await claim('host-c')).toEqual([])
      })

      it('leave alone what is not to run, what is held, and what they are told to', async () => {
        const [held, left, free] = (await wanted(3)) as [string, string, string]
        await lease(newTenant(), 'host-b')
        await lease(held, 'host-b')
        expect(idsOf(await claim('host-a', { except: [left] }))).toEqual([free])
        expect((await registry.read(held))!.lease).toMatchObject({ owner: 'host-b', epoch: 1 })
      })

      it('take other owners’ expired leases when they are told to, with a higher epoch', async () => {
        const [tenantId] = (await wanted(1)) as [string]
        await lease(tenantId, 'host-b')
        await under.expire(tenantId)
        expect(await claim('host-a')).toEqual([])
        const [taken] = await claim('host-a', { expired: true })
        expect(taken).toMatchObject({ lease: { owner: 'host-a', epoch: 2 }, record: { tenantId } })
      })

      it('never take a lease of their own that they do not name, expired or not', async () => {
        const [expired, held] = (await wanted(2)) as [string, string]
        await lease(expired, 'host-a')
        await under.expire(expired)
        await lease(held, 'host-a')
        expect(await claim('host-a', { expired: true })).toEqual([])
        const leases = [expired, held].map((tenantId) => ({ tenantId, epoch: 1 }))
        expect(await registry.renew('host-a', leases, ttlMs)).toEqual([expired, held])
      })

      it('take their own that they name, first, while its epoch is the one named', async () => {
        const ids = await wanted(4)
        const [free, older, own, foreign] = ids as [string, string, string, string]
        for (const tenantId of [older, own]) await lease(tenantId, 'host-a')
        await lease(foreign, 'host-b')
        await lease(older, 'host-a')
        const named = [older, own, foreign].map((tenantId) => ({ tenantId, epoch: 1 }))
        const claimed = await claim('host-a', { own: named })
        expect(idsOf(claimed)).toEqual([own, free])
        expect(claimed[0]!.lease.epoch).toBe(2)
        // Said again, as a request may be that was late: nothing of what runs by now is touched.
        expect(await claim('host-a', { own: named })).toEqual([])
      })

      it('leave the room to their own first', async () => {
        const [first, , own] = (await wanted(3)) as [string, string, string]
        await lease(own, 'host-a')
        const named = [{ tenantId: own, epoch: 1 }]
        expect(idsOf(await claim('host-a', { own: named, limit: 1 }))).toEqual([own])
        expect(idsOf(await claim('host-a', { limit: 1 }))).toEqual([first])
      })

      it('refuse what is no claim', async () => {
        await expect(claim('')).rejects.toMatchObject({ code: 'invalid' })
        await expect(claim('host-a', { ttlMs: 0 })).rejects.toMatchObject({ code: 'invalid' })
        for (const limit of [0, 1.5, Number.POSITIVE_INFINITY])
          await expect(claim('host-a', { limit })).rejects.toMatchObject({ code: 'invalid' })
      })
    })

    describe('a tenant that is asked for by name', () => {
      const keep = (tenantId: string, owner: string) =>
        registry.setDesired(tenantId, 'running', { owner, ttlMs })

      it('is kept for who asked, with its epoch, until that host has acquired it', async () => {
        const fresh = newTenant()
        await keep(fresh, 'host-a')
        expect((await registry.read(fresh))!.lease).toMatchObject({ owner: 'host-a', epoch: 0 })
        expect(await claim('host-b', { expired: true })).toEqual([])
        expect((await lease(fresh, 'host-a')).lease.epoch).toBe(1)
        await registry.release('host-a', [{ tenantId: fresh, epoch: 1 }])
        await keep(fresh, 'host-b')
        expect((await registry.read(fresh))!.lease).toMatchObject({ owner: 'host-b', epoch: 1 })
        expect(await claim('host-a')).toEqual([])
        expect((await lease(fresh, 'host-b')).lease.epoch).toBe(2)
      })

      it('is left to its owner when it has one, and is free again when nobody came', async () => {
        const tenantId = newTenant()
        await lease(tenantId, 'host-a')
        await keep(tenantId, 'host-b')
        expect((await registry.read(tenantId))!.lease).toMatchObject({ owner: 'host-a', epoch: 1 })
        const forgotten = newTenant()
        await keep(forgotten, 'host-b')
        await under.expire(forgotten)
        expect(idsOf(await claim('host-c', { expired: true }))).toContain(forgotten)
      })
    })

    describe('an end that another try does not mend', () => {
      it('keeps a tenant from hosts that were there before it', async () => {
        const [tenantId] = (await wanted(1)) as [string]
        await checkIn('host-a')
        await end(tenantId, 'host-a')
        expect((await registry.read(tenantId))!.endedAt).toBeGreaterThan(0)
        expect(await checkIn('host-b', 10, 1)).toMatchObject({ wanted: 0, free: 0 })
        expect(await claim('host-a', { expired: true })).toEqual([])
      })

      it('is tried once more when a host has joined since, and not by others again', async () => {
        const [tenantId] = (await wanted(1)) as [string]
        await checkIn('host-a')
        await end(tenantId, 'host-a')
        await new Promise((resolve) => setTimeout(resolve, 5))
        const { joinedAt, ...pool } = await checkIn('host-b')
        expect(joinedAt).toBeGreaterThan((await registry.read(tenantId))!.endedAt!)
        expect(pool).toMatchObject({ wanted: 1, free: 1 })
        const [{ lease: given, record }] = (await claim('host-a')) as [LeasedTenant]
        expect(record.endedAt).toBeNull()
        await registry.release('host-a', [{ tenantId, epoch: given.epoch, ended: true }])
        expect(await claim('host-b')).toEqual([])
      })

      it('is forgotten when the tenant is asked for again, or taken', async () => {
        const [asked, taken] = (await wanted(2)) as [string, string]
        await checkIn('host-a')
        for (const tenantId of [asked, taken]) await end(tenantId, 'host-a')
        await registry.setDesired(asked, 'stopped')
        expect((await registry.read(asked))!.endedAt).not.toBeNull()
        await registry.setDesired(asked, 'running')
        expect((await registry.read(asked))!.endedAt).toBeNull()
        expect((await lease(taken, 'host-a')).record.endedAt).toBeNull()
        expect(idsOf(await claim('host-a'))).toEqual([asked])
      })

      it('is not told by a lease that was given up for another reason, or that is another’s', async () => {
        const [stopped, foreign] = (await wanted(2)) as [string, string]
        await lease(stopped, 'host-a')
        await lease(foreign, 'host-b')
        await registry.release('host-a', [
          { tenantId: stopped, epoch: 1 },
          { tenantId: foreign, epoch: 1, ended: true },
        ])
        for (const tenantId of [stopped, foreign]) expect((await registry.read(tenantId))!.endedAt).toBeNull()
      })
    })

    describe('races', () => {
      it('give each of 200 tenants to one of 12 claimers', async () => {
        const ids = await wanted(200)
        const owners = Array.from({ length: 12 }, (_, at) => `host-${at}`)
        const got = await Promise.all(owners.map((owner) => claim(owner, { limit: 30 })))
        const rest = await claim('late', { limit: 200 })
        const all = [...got.flat(), ...rest]
        expect(idsOf(all).sort()).toEqual(ids)
        for (const [at, claimed] of got.entries()) {
          expect(claimed.length).toBeLessThanOrEqual(30)
          for (const { lease: given, record } of claimed) {
            expect(given).toMatchObject({ owner: owners[at], epoch: 1 })
            expect((await registry.read(record.tenantId))!.lease).toEqual(given)
          }
        }
      })

      it('have one owner when a claim, an acquisition and a renewal meet over an expired lease', async () => {
        for (let round = 0; round < 10; round++) {
          const [tenantId] = (await wanted(1)) as [string]
          await lease(tenantId, 'old')
          await under.expire(tenantId)
          const [claimed, acquired, renewed] = await Promise.all([
            claim('host-a', { expired: true }),
            lease(tenantId, 'host-b').catch(() => null),
            registry.renew('old', [{ tenantId, epoch: 1 }], ttlMs),
          ])
          const { lease: held } = (await registry.read(tenantId))!
          const winners = [claimed[0]?.lease, acquired?.lease, renewed.length > 0 && { owner: 'old' }]
          expect(winners.filter(Boolean).length).toBeGreaterThanOrEqual(1)
          expect(held!.epoch).toBeLessThanOrEqual(2)
          if (renewed.length > 0) expect(held).toMatchObject({ owner: 'old', epoch: 1 })
          await registry.setDesired(tenantId, 'stopped')
        }
      })

      it('let hosts check in, out, and claim at once', async () => {
        await wanted(60)
        const owners = Array.from({ length: 10 }, (_, at) => `host-${at}`)
        for (let round = 0; round < 5; round++) {
          await Promise.all(
            owners.flatMap((owner) => [checkIn(owner), claim(owner, { limit: 2 }), registry.checkOut(owner)]),
          )
        }
        const pools = await Promise.all(owners.map((owner) => checkIn(owner)))
        const { hosts, wanted: all, free } = await checkIn(owners[0]!, 10, pools[0]!.joinedAt)
        expect(hosts).toHaveLength(10)
        expect(hosts.reduce((sum, { leases }) => sum + leases, 0) + free).toBe(all)
      })
    })

    it('checks in and claims 1,000 tenants in one statement each', async () => {
      const ids = await wanted(1_000)
      const one = (run: () => Promise<unknown>) => under.countStatements(run)
      const counts = [
        await one(async () => expect(await checkIn('host-a')).toMatchObject({ free: 1_000 })),
        await one(async () => expect(idsOf(await claim('host-a', { limit: 1_000 }))).toEqual(ids)),
        await one(() => registry.checkOut('host-a')),
      ]
      for (const count of counts) expect([1, null]).toContain(count)
    })
  })
}
