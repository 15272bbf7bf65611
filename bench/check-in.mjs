// What a host's check-in costs a real PostgreSQL, by the number of tenants: `npm run build && node bench/check-in.mjs`.
import pg from 'pg'
import { prismaRegistry } from '../dist/src/registry/prisma.js'
import { openPostgres } from '../test/hosts/postgres.mjs'

const tenantsPerHost = 250
const rounds = 31

const postgres = await openPostgres()
if (postgres === null) {
  process.stderr.write('NOT RUN: set TEST_DATABASE_URL to a PostgreSQL, or install one.\n')
  process.exit(process.env.CI ? 1 : 0)
}
const url = new URL(postgres.url)
const schema = `bench_${process.pid}`
url.searchParams.set('schema', schema)
const registry = prismaRegistry({ url: url.toString() })
const client = new pg.Client({ connectionString: postgres.url })
try {
  await registry.open()
  await client.connect()
  for (const tenants of [1_000, 10_000, 100_000]) {
    await fill(tenants)
    process.stdout.write(`${JSON.stringify({ tenants, checkInMs: await checkInMs() })}\n`)
  }
} finally {
  await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
  await client.end()
  await registry.close()
  await postgres.stop()
}

async function fill(tenants) {
  const rows = `generate_series(1, ${tenants}) AS n`
  await client.query(`SET search_path TO "${schema}"`)
  await client.query(
    `INSERT INTO "Tenant" ("id", "updatedAt") SELECT 'tenant-' || n, now() FROM ${rows} ON CONFLICT DO NOTHING`,
  )
  await client.query(
    `INSERT INTO "WhatsAppSession" ("tenantId", "desiredState", "leaseOwner", "leaseEpoch", "leaseExpiresAt", "updatedAt")
     SELECT 'tenant-' || n, 'running', 'host-' || n / ${tenantsPerHost}, 1, now() + interval '1 hour', now()
     FROM ${rows} ON CONFLICT DO NOTHING`,
  )
  await client.query('ANALYZE')
}

/** Median. */
async function checkInMs() {
  const times = []
  for (let round = 0; round < rounds; round++) {
    const from = performance.now()
    await registry.checkIn({ owner: 'host-1', capacity: 250, ttlMs: 15_000, joinedAt: 0 })
    times.push(performance.now() - from)
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)]
}
