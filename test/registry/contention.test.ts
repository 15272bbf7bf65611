import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prismaRegistry } from '../../src/registry/prisma.js'
import { newPhone, newTenant } from '../conformance/registry.suite.js'
import { swapOf } from '../support/swaps.js'
import { ownSchema, query, sayNotRun, testDatabaseUrl } from './postgres.js'

if (testDatabaseUrl) {
  // Statements that only start together may still run one after the other. Here each is seen to wait in the database
  // for a row that another transaction holds, so that all of them have judged, or are about to, before any may write.
  describe('statements that meet in PostgreSQL', () => {
    const { url, schema, drop } = ownSchema()
    const application = `contention-${schema}`
    const named = new URL(url)
    named.searchParams.set('application_name', application)
    const registry = prismaRegistry({ url: named.toString(), poolSize: 10 })
    const table = `"${schema}"."WhatsAppSession"`
    const lease = (tenantId: string, owner = 'host-a') => registry.acquire({ tenantId, owner, ttlMs: 60_000 })
    const changeOf = (tenantId: string, change = '"unsaved" = "unsaved"') =>
      `UPDATE ${table} SET ${change} WHERE "tenantId" = '${tenantId}'`

    beforeAll(() => registry.open())
    afterAll(async () => {
      await registry.close()
      await drop()
    })

    /** Starts `calls` while another transaction has made `change`, and ends that once all of them wait for it. */
    async function meet<T>(change: string, calls: (() => Promise<T>)[]): Promise<T[]> {
      const holder = new pg.Client({ connectionString: testDatabaseUrl })
      await holder.connect()
      await holder.query('BEGIN')
      await holder.query(change)
      const results = Promise.all(calls.map((call) => call()))
      const waiting = async () =>
        (
          await query(
            `SELECT 1 FROM pg_stat_activity WHERE application_name = '${application}' AND wait_event_type = 'Lock'`,
          )
        ).length
      try {
        await expect.poll(waiting, { timeout: 8_000, interval: 20 }).toBe(calls.length)
      } finally {
        await holder.query('COMMIT')
        await holder.end()
      }
      return results
    }

    it('have one winner when they swap one head', async () => {
      const tenantId = newTenant()
      await lease(tenantId)
      const swaps = Array.from({ length: 8 }, () => swapOf(tenantId, 0))
      const outcomes = (
        await meet(
          changeOf(tenantId),
          swaps.map((swap) => () => registry.commit([swap])),
        )
      ).flat()
      expect(outcomes.toSorted()).toEqual(['committed', ...Array(7).fill('conflict')])
      expect((await registry.read(tenantId))!.head).toEqual(swaps[outcomes.indexOf('committed')]!.head)
    })

    it('all say committed when they are tries of one swap', async () => {
      const tenantId = newTenant()
      await lease(tenantId)
      const swap = swapOf(tenantId, 0)
      const tries = Array.from({ length: 8 }, () => () => registry.commit([swap]))
      expect((await meet(changeOf(tenantId), tries)).flat()).toEqual(Array(8).fill('committed'))
    })

    it('are fenced by a lease that is taken while they wait', async () => {
      const tenantId = newTenant()
      await lease(tenantId)
      const takeOver = changeOf(tenantId, `"leaseOwner" = 'host-b', "leaseEpoch" = 2`)
      const held = { tenantId, epoch: 1 }
      const calls: (() => Promise<unknown>)[] = [
        () => registry.commit([swapOf(tenantId, 0)]),
        () => registry.renew('host-a', [held], 600_000),
        () => registry.updateStatus([{ ...held, owner: 'host-a', status: 'BANNED' }]),
        () => registry.release('host-a', [held]),
        () => registry.clearHead(tenantId, 'host-a', 1).catch((error) => error.code),
      ]
      expect(await meet(takeOver, calls)).toEqual([['fenced'], [], undefined, undefined, 'fenced'])
      const row = (await registry.read(tenantId))!
      expect(row).toMatchObject({ head: null, status: 'DISCONNECTED', lease: { owner: 'host-b', epoch: 2 } })
      expect(row.lease!.expiresAt).toBeGreaterThan(0)
    })

    it('have one winner when they take one expired lease', async () => {
      const tenantId = newTenant()
      await lease(tenantId, 'old')
      const expiry = changeOf(tenantId, `"leaseExpiresAt" = now() - interval '1 second'`)
      const calls = Array.from(
        { length: 8 },
        (_, i) => () =>
          lease(tenantId, `host-${i}`).then(
            () => 'won',
            (error) => error.code,
          ),
      )
      const outcomes = await meet(expiry, calls)
      expect(outcomes.toSorted()).toEqual([...Array(7).fill('leased'), 'won'])
    })

    it('lose a phone number to the transaction that they waited for, and write the rest', async () => {
      const [first, second, third] = [newTenant(), newTenant(), newTenant()]
      for (const tenantId of [first, second, third]) await lease(tenantId)
      const phoneNumber = newPhone()
      const held = { owner: 'host-a', epoch: 1, status: 'CONNECTED' } as const
      const batch = [
        { ...held, tenantId: second, phoneNumber },
        { ...held, tenantId: third },
      ]
      await meet(changeOf(first, `"phoneNumber" = '${phoneNumber}'`), [() => registry.updateStatus(batch)])
      const lastError = `The phone number is already registered for tenant ${first}.`
      expect(await registry.read(second)).toMatchObject({ phoneNumber: null, lastError, status: 'CONNECTED' })
      expect(await registry.read(third)).toMatchObject({ lastError: null, status: 'CONNECTED' })
    })

    it('do not deadlock when their batches overlap in opposite orders', async () => {
      const prefix = newTenant()
      const ids = ['a', 'm', 'z'].map((end) => `${prefix}-${end}`)
      for (const tenantId of ids) await lease(tenantId)
      const leases = ids.map((tenantId) => ({ tenantId, epoch: 1 }))
      const updates = leases.map((held) => ({ ...held, owner: 'host-a', unsaved: 1 }))
      const calls: (() => Promise<unknown>)[] = [
        () => registry.commit(ids.map((id) => swapOf(id, 0))),
        () => registry.renew('host-a', leases.toReversed(), 60_000),
        () => registry.updateStatus(updates.toReversed()),
        () => registry.updateStatus(updates),
      ]
      const [outcomes, renewed] = await meet(changeOf(ids[1]!), calls)
      expect(outcomes).toEqual(['committed', 'committed', 'committed'])
      expect((renewed as string[]).toSorted()).toEqual(ids)
    })
  })
} else {
  sayNotRun('contention in a real PostgreSQL')
}
