// Simulated hosts, stores and faults: `node test/sim/run.mjs [--seeds 10000] [--json]`, or one seed: `--seed 123`.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'
import { planted, tuning } from './planted.mjs'
import { Pool } from './pool.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    keep: { type: 'string' },
    plant: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const workers = Math.min(availableParallelism(), 4)
const seedsPerTask = 25
const command = 'node test/sim/run.mjs'

if (values.seed !== undefined) await runOne(Number(values.seed))
else await runMany()

/** One seed with its trace, shrunk unless the faults to keep are given. */
async function runOne(seed) {
  const bug = values.plant ? planted.find(({ name }) => name === values.plant) : null
  const { path, remove } = await bundle('one', [...tuning, ...(bug ? [bug.edit] : [])])
  const pool = new Pool(path, 1)
  try {
    const keep = values.keep === undefined ? undefined : values.keep.split(',').filter(Boolean).map(Number)
    const { plan, keep: needed, lines, outcome } = await pool.run({ seed, keep, shrink: keep === undefined })
    process.stdout.on('error', () => {})
    process.stdout.write(`${lines.join('\n')}\n\nfaults:\n`)
    for (const fault of plan.faults) process.stdout.write(`  ${JSON.stringify(fault)}\n`)
    if (outcome.violations.length === 0) process.stdout.write(`seed ${seed}: all promises held\n`)
    for (const { what, tenant } of outcome.violations)
      process.stdout.write(`seed ${seed}: ${tenant ?? 'host'}: ${what}\n`)
    if (outcome.violations.length > 0) process.stdout.write(`again: ${replay(seed, needed)}\n`)
    process.exitCode = outcome.violations.length > 0 ? 1 : 0
  } finally {
    pool.close()
    await remove()
  }
}

function replay(seed, keep) {
  const plant = values.plant ? ` --plant ${values.plant}` : ''
  return `${command} --seed ${seed} --keep ${keep.join(',')}${plant}`
}

async function runMany() {
  const startedAt = performance.now()
  const { path, remove } = await bundle('all', tuning)
  const pool = new Pool(path, workers)
  const total = { seeds: 0, struck: {}, pairings: 0, commits: 0, lastedMs: 0, found: [] }
  try {
    const first = Number(values.from)
    const end = first + Number(values.seeds)
    const tasks = []
    for (let from = first; from < end; from += seedsPerTask) {
      tasks.push(pool.run({ from, to: Math.min(end, from + seedsPerTask) }).then((part) => add(total, part)))
    }
    await Promise.all(tasks)
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    const faults = Object.values(total.struck).reduce((sum, count) => sum + count, 0)
    for (const { seed, violations } of total.found.slice(0, 5)) {
      const { keep } = await pool.run({ seed, shrink: true })
      process.stderr.write(`seed ${seed}: ${violations[0].what}\n  ${replay(seed, keep)}\n`)
    }
    const { seeds, struck, pairings, commits, lastedMs, found } = total
    const simulatedHours = Math.round(lastedMs / 360_000) / 10
    const report = {
      seeds,
      faults,
      violations: found.length,
      pairings,
      commits,
      simulatedHours,
      seconds,
      struck,
    }
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
    process.exitCode = found.length > 0 ? 1 : 0
  } finally {
    pool.close()
    await remove()
  }
}

function add(total, { seeds, struck, pairings, commits, lastedMs, found }) {
  total.seeds += seeds
  total.pairings += pairings
  total.commits += commits
  total.lastedMs += lastedMs
  total.found.push(...found)
  for (const [kind, count] of Object.entries(struck)) total.struck[kind] = (total.struck[kind] ?? 0) + count
}
