// Several host processes on one PostgreSQL and one store: `node test/hosts/run.mjs --json`, after `npm run build`.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runHosts } from './hosts.mjs'
import { openPostgres } from './postgres.mjs'

const { values } = parseArgs({
  options: {
    /** `baileys`, `light`, or both one after the other. */
    kind: { type: 'string', default: 'baileys,light' },
    hosts: { type: 'string', default: '4' },
    /** Tenants a host; by default 10 with Baileys and 200 with the light stand-in. */
    tenants: { type: 'string' },
    /** Fewer tenants and a shorter lease: for CI. */
    short: { type: 'boolean', default: false },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    json: { type: 'boolean', default: false },
  },
})

const sizes = values.short ? { baileys: 3, light: 25 } : { baileys: 10, light: 200 }
const settings = values.short
  ? { leaseTtlMs: 5_000, leaseRenewMs: 1_500, rebalanceAfterMs: 3_000 }
  : { leaseTtlMs: 15_000, leaseRenewMs: 5_000, rebalanceAfterMs: 10_000 }

const postgres = await openPostgres()
if (postgres === null) {
  process.stderr.write('NOT RUN: several hosts: set TEST_DATABASE_URL to a PostgreSQL, or install one.\n')
  process.exit(process.env.CI ? 1 : 0)
}
const startedAt = performance.now()
const say = (line) => process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} ${line}\n`)
const results = {}
try {
  for (const kind of values.kind.split(',')) {
    const options = { kind, hosts: Number(values.hosts), tenants: Number(values.tenants ?? sizes[kind]) }
    say(`--- ${kind}: ${options.hosts} hosts with ${options.tenants} tenants each`)
    results[kind] = await runHosts({
      ...options,
      databaseUrl: postgres.url,
      dist: resolve(values.dist),
      settings,
      say,
    })
  }
} finally {
  await postgres.stop()
}
const violations = Object.values(results).flatMap((result) => result.violations)
const report = { ...results, leaseTtlMs: settings.leaseTtlMs, violations: violations.length }
process.stdout.write(`${values.json ? JSON.stringify(report) : JSON.stringify(report, null, 2)}\n`)
process.exitCode = violations.length > 0 ? 1 : 0
