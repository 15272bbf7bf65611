import { describe } from 'vitest'
import { prismaRegistry } from '../../src/registry/prisma.js'
import { describeRegistry } from '../conformance/registry.suite.js'
import { countStatements, ownSchema, query, sayNotRun, testDatabaseUrl } from './postgres.js'

if (testDatabaseUrl) {
  describeRegistry('PostgreSQL', async () => {
    const { url, schema, drop } = ownSchema()
    const registry = prismaRegistry({ url, poolSize: 10 })
    const table = `"${schema}"."WhatsAppSession"`
    return {
      registry,
      countStatements,
      dispose: drop,
      now: async () => Number((await query('SELECT extract(epoch FROM now()) * 1000 AS now'))[0]!.now),
      expire: async (tenantId) => {
        await query(`UPDATE ${table} SET "leaseExpiresAt" = now() WHERE "tenantId" = '${tenantId}'`)
      },
    }
  })
} else {
  sayNotRun('the registry on a real PostgreSQL')
  describe.skip('PostgreSQL registry (TEST_DATABASE_URL is not set)', () => {})
}
