import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSessionError } from '../../src/errors.js'
import type { Registry, StatusUpdate } from '../../src/ports/registry.js'
import { headOf, swapOf } from '../support/swaps.js'

export interface RegistryUnderTest {
  /** Not open yet. */
  readonly registry: Registry
  /** Lets so much time pass for this tenant's lease that it is expired. */
  expire(tenantId: string): Promise<void>
  /** Lets so much time pass that this host's check-in is out of date; it may be gone altogether. */
  expireHost(owner: string): Promise<void>
  /** Milliseconds since the Unix epoch, by the registry's clock. */
  now(): Promise<number>
  /** How many statements `run` sends; null where there are none. */
  countStatements(run: () => Promise<unknown>): Promise<number | null>
  dispose(): Promise<void>
}

let tenants = 0
/** A tenant that no other test knows. */
export const newTenant = (): string => `tenant-${++tenants}-${randomUUID().slice(0, 8)}`
let numbers = 10_000_000 + Math.floor(Math.random() * 80_000_000)
export const newPhone = (): string => `628${++numbers}`

/** What every registry does, whatever is behind it. */
export function describeRegistry(name: string, create: () => Promise<RegistryUnderTest>): void {
  describe(`${name} registry`, () => {
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

    const lease = (tenantId: string, owner = 'host-a', changes: { ttlMs?: number; minEpoch?: number } = {}) =>
      registry.acquire({ tenantId, owner, ttlMs: 60_000, ...changes })
    const leased = async (count: number): Promise<string[]> => {
      const ids = Array.from({ length: count }, newTenant)
      for (let i = 0; i < count; i += 50) await Promise.all(ids.slice(i, i + 50).map((id) => lease(id)))
      return ids
    }
    const status = (update: Partial<StatusUpdate> & { tenantId: string }) =>
      registry.updateStatus([{ owner: 'host-a', epoch: 1, ...update }])

    describe('rows', () => {
      it('proves that a tenant has no row', async () => {
        expect(await registry.read(newTenant())).toBeNull()
      })

      it('refuses an id that is not a tenant id', async () => {
        await expect(registry.read('../other')).rejects.toMatchObject({ code: 'invalid' })
        await expect(registry.setDesired('', 'running')).rejects.toMatchObject({ code: 'invalid' })
        await expect(lease('a/b')).rejects.toMatchObject({ code: 'invalid' })
      })

      it('creates a row for what is desired, and changes nothing else of it later', async () => {
        const tenantId = newTenant()
        const before = await under.now()
        await registry.setDesired(tenantId, 'running')
        const created = await registry.read(tenantId)
        expect(created).toEqual({
          tenantId,
          desiredState: 'running',
          status: 'DISCONNECTED',
          connectionState: '',
          phoneNumber: null,
          authStatePath: null,
          head: null,
          lease: null,
          endedAt: null,
          unsaved: 0,
          lastError: null,
          lastBackupAt: null,
          lastConnectedAt: null,
          lastDisconnectedAt: null,
          createdAt: expect.any(Number),
          updatedAt: expect.any(Number),
        })
        expect(created!.createdAt).toBeGreaterThanOrEqual(Math.floor(before) - 1)
        await registry.setDesired(tenantId, 'stopped')
        const changed = await registry.read(tenantId)
        expect(changed).toEqual({ ...created, desiredState: 'stopped', updatedAt: changed!.updatedAt })
        expect(changed!.updatedAt).toBeGreaterThanOrEqual(created!.updatedAt)
      })

      it('keeps the lease and head of a row whose desired state changes', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        await registry.commit([swapOf(tenantId, 0)])
        const before = await registry.read(tenantId)
        await registry.setDesired(tenantId, 'running')
        const after = await registry.read(tenantId)
        expect(after).toEqual({ ...before, desiredState: 'running', updatedAt: after!.updatedAt })
      })

      it('creates one row when many ask at once', async () => {
        const tenantId = newTenant()
        await Promise.all(Array.from({ length: 10 }, () => registry.setDesired(tenantId, 'running')))
        expect((await registry.list()).filter((row) => row.tenantId === tenantId)).toHaveLength(1)
      })

      it('lists rows by tenant id, all or by what is desired', async () => {
        const prefix = newTenant()
        const ids = ['_b', '-a', 'B', 'a', 'A', 'b', '@'].map((end) => `${prefix}${end}`)
        for (const id of ids) await registry.setDesired(id, id.endsWith('a') ? 'running' : 'stopped')
        const mine = (rows: { tenantId: string }[]) =>
          rows.map((row) => row.tenantId).filter((id) => id.startsWith(prefix))
        expect(mine(await registry.list())).toEqual([...ids].sort())
        expect(mine(await registry.list({ desiredState: 'running' }))).toEqual([`${prefix}-a`, `${prefix}a`])
        const stopped = await registry.list({ desiredState: 'stopped' })
        expect(mine(stopped)).toHaveLength(5)
        expect(stopped.find((row) => row.tenantId === ids[0])).toEqual(await registry.read(ids[0]!))
      })
    })

    describe('leases', () => {
      it('gives a free tenant, creating its row, with epoch 1 and an expiry by the registry’s clock', async () => {
        const tenantId = newTenant()
        const before = await under.now()
        const { lease: given, record } = await lease(tenantId, 'host-a', { ttlMs: 30_000 })
        const after = await under.now()
        expect(given).toMatchObject({ owner: 'host-a', epoch: 1 })
        expect(given.expiresAt).toBeGreaterThanOrEqual(Math.floor(before) + 29_999)
        expect(given.expiresAt).toBeLessThanOrEqual(Math.ceil(after) + 30_001)
        expect(record).toMatchObject({ tenantId, desiredState: 'stopped', head: null, lease: given })
        expect(await registry.read(tenantId)).toEqual(record)
      })

      it('refuses another owner while it is held, and says for how long', async () => {
        const tenantId = newTenant()
        await lease(tenantId, 'host-a', { ttlMs: 30_000 })
        const refused = await lease(tenantId, 'host-b').catch((error) => error)
        expect(isSessionError(refused, 'leased')).toBe(true)
        expect(refused.message).toMatch(/held by host-a for another (30|29|28) s/)
        expect((await registry.read(tenantId))!.lease).toMatchObject({ owner: 'host-a', epoch: 1 })
      })

      it('gives the same owner its own lease again at once, with a new epoch', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        expect((await lease(tenantId)).lease.epoch).toBe(2)
        expect(await registry.renew('host-a', [{ tenantId, epoch: 1 }], 60_000)).toEqual([])
      })

      it('gives an expired tenant to another owner, with the head that is there', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const swap = swapOf(tenantId, 0)
        await registry.commit([swap])
        await under.expire(tenantId)
        const { lease: taken, record } = await lease(tenantId, 'host-b')
        expect(taken).toMatchObject({ owner: 'host-b', epoch: 2 })
        expect(record.head).toEqual(swap.head)
      })

      it('gives a released tenant at once; its epoch stays', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        await registry.release('host-a', [{ tenantId, epoch: 1 }])
        expect((await registry.read(tenantId))!.lease).toEqual({ owner: 'host-a', epoch: 1, expiresAt: 0 })
        expect((await lease(tenantId, 'host-b')).lease.epoch).toBe(2)
      })

      it('goes above an epoch found in the store', async () => {
        const tenantId = newTenant()
        expect((await lease(tenantId, 'host-a', { minEpoch: 41 })).lease.epoch).toBe(42)
        expect((await lease(tenantId, 'host-a', { minEpoch: 7 })).lease.epoch).toBe(43)
        expect((await lease(tenantId, 'host-a', { minEpoch: 99 })).lease.epoch).toBe(100)
      })

      it('refuses a lease without an owner, a time or a whole epoch', async () => {
        const tenantId = newTenant()
        await expect(lease(tenantId, '')).rejects.toMatchObject({ code: 'invalid' })
        await expect(lease(tenantId, 'a', { ttlMs: 0 })).rejects.toMatchObject({ code: 'invalid' })
        await expect(lease(tenantId, 'a', { ttlMs: Number.NaN })).rejects.toMatchObject({ code: 'invalid' })
        await expect(lease(tenantId, 'a', { minEpoch: 1.5 })).rejects.toMatchObject({ code: 'invalid' })
        expect(await registry.read(tenantId)).toBeNull()
      })

      it.each([
        'fresh',
        'expired',
        'released',
      ])('has one winner of 20 owners that want a %s tenant at once', async (kind) => {
        const tenantId = newTenant()
        if (kind !== 'fresh') await lease(tenantId, 'old')
        if (kind === 'expired') await under.expire(tenantId)
        if (kind === 'released') await registry.release('old', [{ tenantId, epoch: 1 }])
        const tries = await Promise.allSettled(
          Array.from({ length: 20 }, (_, i) => lease(tenantId, `host-${i}`)),
        )
        const won = tries.filter((attempt) => attempt.status === 'fulfilled')
        const lost = tries.filter((attempt) => attempt.status === 'rejected')
        expect(won).toHaveLength(1)
        expect(lost.map((attempt) => attempt.reason.code)).toEqual(Array(19).fill('leased'))
        expect((await registry.read(tenantId))!.lease).toEqual(won[0]!.value.lease)
      })

      it('gives 20 acquisitions by one owner 20 epochs', async () => {
        const tenantId = newTenant()
        const given = await Promise.all(Array.from({ length: 20 }, () => lease(tenantId)))
        const epochs = given.map(({ lease: { epoch } }) => epoch).sort((a, b) => a - b)
        expect(epochs).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
      })

      it('renews what is still held and tells the rest as lost', async () => {
        const [held, stale, other, expired] = (await leased(4)) as [string, string, string, string]
        await lease(stale)
        const taken = newTenant()
        await lease(taken, 'host-b')
        await under.expire(expired)
        const asked = [other, held, stale, taken, expired, newTenant()].map((tenantId) => ({
          tenantId,
          epoch: 1,
        }))
        // Expired, but nobody has taken it: a database that was away must not stop a bot.
        expect(await registry.renew('host-a', asked, 120_000)).toEqual([other, held, expired])
        const { lease: renewed } = (await registry.read(held))!
        expect(renewed!.expiresAt).toBeGreaterThan((await under.now()) + 110_000)
        expect((await registry.read(expired))!.lease!.expiresAt).toBeGreaterThan(await under.now())
        expect((await registry.read(taken))!.lease).toMatchObject({ owner: 'host-b', epoch: 1 })
      })

      it('does not renew what was released', async () => {
        const [tenantId] = (await leased(1)) as [string]
        await registry.release('host-a', [{ tenantId, epoch: 1 }])
        expect(await registry.renew('host-a', [{ tenantId, epoch: 1 }], 60_000)).toEqual([])
        expect((await registry.read(tenantId))!.lease!.expiresAt).toBe(0)
      })

      it('ignores the release of leases that are not held', async () => {
        const [mine] = (await leased(1)) as [string]
        const other = newTenant()
        await lease(other, 'host-b')
        const asked = [mine, other, newTenant()].map((tenantId) => ({ tenantId, epoch: 1 }))
        await registry.release('host-a', [{ tenantId: mine, epoch: 9 }, ...asked.slice(1)])
        for (const id of [mine, other]) expect((await registry.read(id))!.lease!.expiresAt).toBeGreaterThan(0)
      })
    })

    describe('heads', () => {
      it('commits the first generation and the next, sets lastBackupAt and clears lastError', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        await status({ tenantId, lastError: 'the store was away' })
        const before = await under.now()
        const first = swapOf(tenantId, 0)
        expect(await registry.commit([first])).toEqual(['committed'])
        const row = await registry.read(tenantId)
        expect(row).toMatchObject({ head: first.head, lastError: null })
        expect(row!.lastBackupAt).toBeGreaterThanOrEqual(Math.floor(before) - 1)
        const second = swapOf(tenantId, 1)
        expect(await registry.commit([second])).toEqual(['committed'])
        expect((await registry.read(tenantId))!.head).toEqual(second.head)
      })

      it('keeps how large a head is, and holds nothing for one whose committer did not tell', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        // Larger than 32 bits: a size must never be what fails a batch of commits.
        const large = swapOf(tenantId, 0, { head: headOf(1, 1, { bytes: 3_000_000_000, files: 70_000 }) })
        await registry.commit([large])
        expect((await registry.read(tenantId))!.head).toMatchObject({ bytes: 3_000_000_000, files: 70_000 })
        const untold = swapOf(tenantId, 1, { head: headOf(2, 1, { bytes: undefined, files: undefined }) })
        expect(await registry.commit([untold])).toEqual(['committed'])
        const { head } = (await registry.read(tenantId))!
        expect(head).toEqual(untold.head)
        expect([head!.bytes, head!.files]).toEqual([undefined, undefined])
      })

      it('accepts a chain found in the store as the first head of a lost registry', async () => {
        const tenantId = newTenant()
        await lease(tenantId, 'host-a', { minEpoch: 7 })
        const head = headOf(57, 7, { snapshotSeq: 50 })
        expect(await registry.commit([swapOf(tenantId, 0, { epoch: 8, head })])).toEqual(['committed'])
        expect((await registry.read(tenantId))!.head).toEqual(head)
      })

      it('says committed again for a swap whose answer was lost', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const swap = swapOf(tenantId, 0)
        await registry.commit([swap])
        const before = await registry.read(tenantId)
        expect(await registry.commit([swap])).toEqual(['committed'])
        expect(await registry.read(tenantId)).toEqual(before)
      })

      it('says committed for a lost answer though the lease has moved since, as long as the head is ours', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const swap = swapOf(tenantId, 0)
        await registry.commit([swap])
        await under.expire(tenantId)
        await lease(tenantId, 'host-b')
        expect(await registry.commit([swap])).toEqual(['committed'])
        const next = swapOf(tenantId, 1, { owner: 'host-b', epoch: 2 })
        expect(await registry.commit([next, swapOf(newTenant(), 0)])).toEqual(['committed', 'fenced'])
        expect(await registry.commit([swap])).toEqual(['fenced'])
      })

      it('fences an older epoch, another owner, a released lease and a tenant without a row', async () => {
        const [older, foreign, released] = (await leased(3)) as [string, string, string]
        await lease(older)
        await registry.release('host-a', [{ tenantId: released, epoch: 1 }])
        const swaps = [
          swapOf(older, 0),
          swapOf(foreign, 0, { owner: 'host-b' }),
          swapOf(released, 0),
          swapOf(newTenant(), 0),
        ]
        expect(await registry.commit(swaps)).toEqual(['fenced', 'fenced', 'fenced', 'fenced'])
        for (const id of [older, foreign, released]) expect((await registry.read(id))!.head).toBeNull()
      })

      it('commits under an expired lease that nobody has taken', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        await under.expire(tenantId)
        expect(await registry.commit([swapOf(tenantId, 0)])).toEqual(['committed'])
      })

      it('tells a conflict when the head is not the expected one', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        expect(await registry.commit([swapOf(tenantId, 3)])).toEqual(['conflict'])
        const first = swapOf(tenantId, 0)
        await registry.commit([first])
        expect(await registry.commit([swapOf(tenantId, 0)])).toEqual(['conflict'])
        expect((await registry.read(tenantId))!.head).toEqual(first.head)
      })

      it('judges each tenant of a batch on its own, in the order given', async () => {
        const ids = await leased(6)
        await registry.commit([swapOf(ids[1]!, 0)])
        await lease(ids[2]!)
        const swaps = [5, 1, 3, 2, 0, 4].map((i) => swapOf(ids[i]!, 0))
        const expected = ['committed', 'conflict', 'committed', 'fenced', 'committed', 'committed']
        expect(await registry.commit(swaps)).toEqual(expected)
        expect((await registry.read(ids[3]!))!.head).toEqual(swaps[2]!.head)
      })

      it('refuses a tenant twice in one batch, and changes nothing', async () => {
        const [tenantId] = (await leased(1)) as [string]
        const twice = registry.commit([swapOf(tenantId, 0), swapOf(tenantId, 1)])
        await expect(twice).rejects.toMatchObject({ code: 'invalid' })
        expect((await registry.read(tenantId))!.head).toBeNull()
      })

      it('has one winner of 20 swaps of one head at once', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const swaps = Array.from({ length: 20 }, () => swapOf(tenantId, 0))
        const outcomes = (await Promise.all(swaps.map((swap) => registry.commit([swap])))).flat()
        expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(19)
        const winner = swaps[outcomes.indexOf('committed')]!
        expect((await registry.read(tenantId))!.head).toEqual(winner.head)
      })

      it('says committed to all of 20 equal swaps at once', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const swap = swapOf(tenantId, 0)
        const outcomes = await Promise.all(Array.from({ length: 20 }, () => registry.commit([swap])))
        expect(outcomes.flat()).toEqual(Array(20).fill('committed'))
      })

      it('never lets an older epoch commit after the next owner has its lease', async () => {
        for (let round = 0; round < 10; round++) {
          const tenantId = newTenant()
          await lease(tenantId)
          await under.expire(tenantId)
          const late = swapOf(tenantId, 0)
          const [outcome, { record }] = await Promise.all([
            registry.commit([late]),
            lease(tenantId, 'host-b'),
          ])
          const isFirst = outcome[0] === 'committed'
          expect(outcome[0]).toBe(isFirst ? 'committed' : 'fenced')
          expect(record.head).toEqual(isFirst ? late.head : null)
        }
      })

      it('lets overlapping batches in opposite orders through without a deadlock', async () => {
        const ids = await leased(40)
        const leases = ids.map((tenantId) => ({ tenantId, epoch: 1 }))
        for (let seq = 0; seq < 5; seq++) {
          const swaps = ids.map((tenantId) => swapOf(tenantId, seq))
          const updates = leases.map((held) => ({ ...held, owner: 'host-a', unsaved: seq }))
          await Promise.all([
            registry.commit(swaps),
            registry.renew('host-a', leases.toReversed(), 60_000),
            registry.updateStatus(updates.toReversed()),
            registry.commit(swaps.toReversed()),
          ])
        }
        expect((await registry.read(ids[0]!))!.head!.seq).toBe(5)
      })

      it('forgets the head after a logout: status stays, epoch stays, nothing is desired', async () => {
        const tenantId = newTenant()
        const phoneNumber = newPhone()
        await registry.setDesired(tenantId, 'running')
        await lease(tenantId)
        await registry.commit([swapOf(tenantId, 0)])
        await status({ tenantId, phoneNumber, status: 'CONNECTED', unsaved: 3 })
        await registry.clearHead(tenantId, 'host-a', 1)
        const row = await registry.read(tenantId)
        const forgotten = { head: null, phoneNumber: null, lastBackupAt: null, unsaved: 0 }
        expect(row).toMatchObject({ ...forgotten, status: 'LOGGED_OUT', desiredState: 'stopped' })
        expect(row!.lease).toMatchObject({ owner: 'host-a', epoch: 1 })
        expect(await registry.commit([swapOf(tenantId, 0)])).toEqual(['committed'])
      })

      it('forgets no head for who does not hold the lease', async () => {
        const tenantId = newTenant()
        await expect(registry.clearHead(tenantId, 'host-a', 1)).rejects.toMatchObject({ code: 'fenced' })
        await lease(tenantId)
        await registry.commit([swapOf(tenantId, 0)])
        await expect(registry.clearHead(tenantId, 'host-b', 1)).rejects.toMatchObject({ code: 'fenced' })
        await expect(registry.clearHead(tenantId, 'host-a', 2)).rejects.toMatchObject({ code: 'fenced' })
        await registry.release('host-a', [{ tenantId, epoch: 1 }])
        await expect(registry.clearHead(tenantId, 'host-a', 1)).rejects.toMatchObject({ code: 'fenced' })
        expect((await registry.read(tenantId))!.head!.seq).toBe(1)
      })
    })

    describe('status', () => {
      it('writes every field, and leaves out what is left out', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const fields = {
          status: 'CONNECTED',
          connectionState: 'connected.clean/open',
          phoneNumber: newPhone(),
          authStatePath: 'sessions/tenant',
          unsaved: 7,
          lastError: 'a “quoted” \\ error\n😀',
          lastConnectedAt: 1_700_000_000_123,
          lastDisconnectedAt: 1_700_000_000_456,
        } as const
        await status({ tenantId, ...fields })
        const full = await registry.read(tenantId)
        expect(full).toMatchObject(fields)
        await status({ tenantId, status: undefined, phoneNumber: undefined })
        expect(await registry.read(tenantId)).toEqual({ ...full, updatedAt: expect.any(Number) })
        await status({ tenantId, unsaved: 0, connectionState: 'x' })
        expect(await registry.read(tenantId)).toMatchObject({
          ...fields,
          unsaved: 0,
          connectionState: 'x',
          updatedAt: expect.any(Number),
        })
        await status({ tenantId, phoneNumber: null, lastError: null })
        expect(await registry.read(tenantId)).toMatchObject({
          phoneNumber: null,
          lastError: null,
          status: 'CONNECTED',
        })
      })

      it('ignores a stale epoch, another owner and an unknown tenant, without failing the others', async () => {
        const [stale, foreign, live] = (await leased(3)) as [string, string, string]
        await lease(stale)
        const write = { owner: 'host-a', epoch: 1, status: 'FAILED' } as const
        await registry.updateStatus([
          { ...write, tenantId: stale },
          { ...write, tenantId: foreign, owner: 'host-b' },
          { ...write, tenantId: newTenant() },
          { ...write, tenantId: live },
        ])
        const rows = await Promise.all([stale, foreign, live].map((id) => registry.read(id)))
        expect(rows.map((row) => row!.status)).toEqual(['DISCONNECTED', 'DISCONNECTED', 'FAILED'])
      })

      it('takes the last words of an owner that has released, until the next has come', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        await registry.release('host-a', [{ tenantId, epoch: 1 }])
        await status({ tenantId, connectionState: 'stopped' })
        expect((await registry.read(tenantId))!.connectionState).toBe('stopped')
      })

      it('merges several updates of one tenant, the later over the earlier', async () => {
        const tenantId = newTenant()
        await lease(tenantId)
        const held = { tenantId, owner: 'host-a', epoch: 1 }
        await registry.updateStatus([
          { ...held, status: 'PAIRING', unsaved: 4 },
          { ...held, epoch: 0, status: 'BANNED' },
          { ...held, status: 'CONNECTED', lastError: undefined },
        ])
        expect(await registry.read(tenantId)).toMatchObject({ status: 'CONNECTED', unsaved: 4 })
      })

      it('leaves a phone number that another tenant holds empty and says so, the batch goes on', async () => {
        const [first, second, third] = (await leased(3)) as [string, string, string]
        const phoneNumber = newPhone()
        await status({ tenantId: first, phoneNumber })
        await status({ tenantId: second, phoneNumber: newPhone() })
        const held = { owner: 'host-a', epoch: 1 }
        await registry.updateStatus([
          { ...held, tenantId: second, phoneNumber, status: 'CONNECTED', lastError: null },
          { ...held, tenantId: third, status: 'CONNECTED', phoneNumber: newPhone() },
          { ...held, tenantId: first, phoneNumber },
        ])
        const row = await registry.read(second)
        expect(row).toMatchObject({ phoneNumber: null, status: 'CONNECTED' })
        expect(row!.lastError).toBe(`The phone number is already registered for tenant ${first}.`)
        expect(row!.lastError).not.toContain(phoneNumber)
        expect(await registry.read(third)).toMatchObject({ status: 'CONNECTED', lastError: null })
        expect(await registry.read(first)).toMatchObject({ phoneNumber, lastError: null })
      })

      it('gives a number to the first of two that ask for it in one batch', async () => {
        const [first, second] = (await leased(2)) as [string, string]
        const phoneNumber = newPhone()
        const ask = { owner: 'host-a', epoch: 1, phoneNumber }
        await registry.updateStatus([
          { ...ask, tenantId: newTenant() },
          { ...ask, tenantId: second },
          { ...ask, tenantId: first },
        ])
        expect(await registry.read(second)).toMatchObject({ phoneNumber, lastError: null })
        expect(await registry.read(first)).toMatchObject({
          phoneNumber: null,
          lastError: expect.stringContaining(second),
        })
      })

      it('gives a number to one of 20 that ask for it at once', async () => {
        const ids = await leased(20)
        const phoneNumber = newPhone()
        await Promise.all(ids.map((tenantId) => status({ tenantId, phoneNumber, status: 'CONNECTED' })))
        const rows = await Promise.all(ids.map((id) => registry.read(id)))
        expect(rows.filter((row) => row!.phoneNumber === phoneNumber)).toHaveLength(1)
        expect(rows.filter((row) => row!.lastError !== null)).toHaveLength(19)
        expect(rows.every((row) => row!.status === 'CONNECTED')).toBe(true)
      })

      it('frees the number of a tenant that logged out', async () => {
        const [first, second] = (await leased(2)) as [string, string]
        const phoneNumber = newPhone()
        await status({ tenantId: first, phoneNumber })
        await registry.clearHead(first, 'host-a', 1)
        await status({ tenantId: second, phoneNumber })
        expect(await registry.read(second)).toMatchObject({ phoneNumber, lastError: null })
      })

      it('does not fail a batch for an error text that the database cannot hold', async () => {
        const [odd, even] = (await leased(2)) as [string, string]
        const held = { owner: 'host-a', epoch: 1 }
        await registry.updateStatus([
          { ...held, tenantId: odd, lastError: `nul \0, lone ${'\ud800'} ${'x'.repeat(10_000)}` },
          { ...held, tenantId: even, status: 'CONNECTED' },
        ])
        const { lastError } = (await registry.read(odd))!
        expect(lastError).toMatch(/^nul , lone \ufffd x+$/)
        expect(lastError!.length).toBeLessThanOrEqual(2_000)
        expect((await registry.read(even))!.status).toBe('CONNECTED')
      })
    })

    describe('batches', () => {
      it('takes nothing for an empty one', async () => {
        expect(await registry.commit([])).toEqual([])
        expect(await registry.renew('host-a', [], 1_000)).toEqual([])
        await registry.release('host-a', [])
        await registry.updateStatus([])
      })

      it('renews, commits, writes and releases 1,000 tenants in one statement each', async () => {
        const ids = await leased(1_000)
        const leases = ids.map((tenantId) => ({ tenantId, epoch: 1 }))
        const one = (run: () => Promise<unknown>) => under.countStatements(run)
        const counts = [
          await one(async () => expect(await registry.renew('host-a', leases, 60_000)).toEqual(ids)),
          await one(async () => {
            const outcomes = await registry.commit(ids.map((id) => swapOf(id, 0)))
            expect(outcomes).toEqual(Array(1_000).fill('committed'))
          }),
          await one(() =>
            registry.updateStatus(
              leases.map((held) => ({ ...held, owner: 'host-a', phoneNumber: newPhone(), unsaved: 2 })),
            ),
          ),
          await one(() => registry.release('host-a', leases)),
        ]
        expect(new Set(counts).size).toBe(1)
        expect([1, null]).toContain(counts[0])
        const rows = (await registry.list()).filter((row) => ids.includes(row.tenantId))
        const expected = { head: { seq: 1 }, unsaved: 2, lastError: null, lease: { expiresAt: 0 } }
        expect(rows).toHaveLength(1_000)
        for (const row of rows) expect(row).toMatchObject(expected)
      })
    })

    it('refuses every call after close, and can be opened again', async () => {
      const tenantId = newTenant()
      await registry.setDesired(tenantId, 'running')
      await registry.close()
      await registry.close()
      const calls = [
        registry.read(tenantId),
        registry.list(),
        registry.setDesired(tenantId, 'running'),
        lease(tenantId),
        registry.renew('host-a', [{ tenantId, epoch: 1 }], 1_000),
        registry.release('host-a', [{ tenantId, epoch: 1 }]),
        registry.commit([swapOf(tenantId, 0)]),
        status({ tenantId, unsaved: 1 }),
        registry.clearHead(tenantId, 'host-a', 1),
        registry.checkIn({ owner: 'host-a', capacity: 1, ttlMs: 1_000, joinedAt: null }),
        registry.checkOut('host-a'),
        registry.claim({ owner: 'host-a', ttlMs: 1_000, limit: 1, expired: false }),
      ]
      for (const call of await Promise.allSettled(calls)) {
        expect(call).toMatchObject({ status: 'rejected', reason: { code: 'closed' } })
      }
      await registry.open()
      await registry.open()
      if (registry.durable) expect(await registry.read(tenantId)).toMatchObject({ desiredState: 'running' })
    })
  })
}
