import { expect, it } from 'vitest'
import { prismaRegistry } from '../../src/registry/prisma.js'
import { describeClaims } from '../conformance/claims.suite.js'
import { describeRegistry, newPhone, newTenant } from '../conformance/registry.suite.js'
import { swapOf } from '../support/swaps.js'
import {
  countStatements,
  ownSchema,
  query,
  recordStatements,
  sayNotRun,
  testDatabaseUrl,
} from './postgres.js'

if (testDatabaseUrl) {
  const create = async () => {
    const { url, schema, drop } = ownSchema()
    const registry = prismaRegistry({ url, poolSize: 10 })
    const table = `"${schema}"."WhatsAppSession"`
    return {
      registry,
      countStatements,
      dispose: drop,
      now: async () => Number((await query('SELECT extract(epoch FROM now()) * 1000 AS now'))[0]!.now),
      expire: async (tenantId: string) => {
        await query(`UPDATE ${table} SET "leaseExpiresAt" = now() WHERE "tenantId" = '${tenantId}'`)
      },
      expireHost: async (owner: string) => {
        await query(`UPDATE "${schema}"."SessionHost" SET "expiresAt" = now() WHERE "owner" = '${owner}'`)
      },
    }
  }
  describeRegistry('PostgreSQL', create)
  describeClaims('PostgreSQL', create)

  it('keeps no state in a database session, which a transaction pooler would lose', async () => {
    const { url, drop } = ownSchema()
    const registry = prismaRegistry({ url })
    const tenantId = newTenant()
    const held = { tenantId, owner: 'host-a', epoch: 1 }
    const statements = await recordStatements(async () => {
      await registry.open()
      await registry.setDesired(tenantId, 'running')
      await registry.acquire({ ...held, ttlMs: 60_000 })
      await registry.commit([swapOf(tenantId, 0)])
      await registry.updateStatus([{ ...held, phoneNumber: newPhone() }])
      await registry.renew('host-a', [held], 60_000)
      await registry.list()
      await registry.read(tenantId)
      await registry.clearHead(tenantId, 'host-a', 1)
      await registry.release('host-a', [held])
      await registry.checkIn({ owner: 'host-a', capacity: 5, ttlMs: 60_000, joinedAt: null })
      await registry.claim({ owner: 'host-a', ttlMs: 60_000, limit: 5, expired: true, except: [newTenant()] })
      await registry.checkOut('host-a')
    })
    await registry.close()
    await drop()
    expect(statements.length).toBeGreaterThan(15)
    const ofASession = /^\s*(SET (?!LOCAL)|RESET|LISTEN|PREPARE|DECLARE)|pg_advisory_lock|TEMP/i
    expect(statements.filter(({ text, name }) => name !== undefined || ofASession.test(text))).toEqual([])
  })
} else {
  sayNotRun('the registry on a real PostgreSQL')
}
