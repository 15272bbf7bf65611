// One host with several workers, as real processes on a real PostgreSQL; see TESTING.md.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openPostgres } from '../hosts/postgres.mjs'
import { Rig } from './rig.mjs'
import { scenarios } from './scenarios.mjs'

const { values } = parseArgs({
  options: {
    /** Part of the scenarios' names. */
    only: { type: 'string', default: '' },
    tenants: { type: 'string', default: '12' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    json: { type: 'boolean', default: false },
  },
})

const settings = { leaseTtlMs: 8_000, leaseRenewMs: 1_500, rebalanceAfterMs: 1_500, statusPeriodMs: 100 }
const postgres = await openPostgres()
if (postgres === null) {
  process.stderr.write('NOT RUN: workers: set TEST_DATABASE_URL to a PostgreSQL, or install one.\n')
  process.exit(process.env.CI ? 1 : 0)
}
const startedAt = performance.now()
const say = (line) => process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} ${line}\n`)
const report = { scenarios: 0, violations: [], figures: {} }
try {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (!name.includes(values.only)) continue
    say(`--- ${name}`)
    const rig = new Rig({ dist: resolve(values.dist), databaseUrl: postgres.url, settings, say })
    try {
      await rig.open(Number(values.tenants))
      await scenario(rig)
    } catch (error) {
      rig.violations.push(`the harness failed: ${error.stack}`)
      say(error.stack)
    } finally {
      await rig.close()
    }
    report.scenarios++
    report.violations.push(...rig.violations.map((violation) => `${name}: ${violation}`))
    Object.assign(report.figures, rig.figures)
  }
} finally {
  await postgres.stop()
}
report.seconds = Math.round((performance.now() - startedAt) / 1_000)
process.stdout.write(`${values.json ? JSON.stringify(report) : JSON.stringify(report, null, 2)}\n`)
process.exitCode = report.violations.length > 0 || report.scenarios === 0 ? 1 : 0
