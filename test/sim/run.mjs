// Simulated hosts, stores and faults: `node test/sim/run.mjs [--seeds 10000] [--planted] [--json]`, or one: `--seed 123`.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'
import { findPlanted } from './find-planted.mjs'
import { planted, tuning } from './planted.mjs'
import { Pool } from './pool.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    /** The first seed. */
    from: { type: 'string', default: '1' },
    /** This one alone, with its trace. */
    seed: { type: 'string' },
    /** With --seed: indices of the faults to keep; without it the plan is shrunk. */
    keep: { type: 'string' },
    /** With --seed: a bug of planted.mjs by name. */
    plant: { type: 'string' },
    /** Plants each bug and tells after how many seeds it is found. */
    planted: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
// One a core: none of them waits for anything. With one more, 1,000 seeds took 37 s instead of 26 on two cores.
const workers = Math.min(availableParallelism(), 4)
const seedsPerTask = 25
const shownFailures = 5

if (values.seed !== undefined) await runOne(whole('seed'))
else await runMany(whole('from'), whole('seeds'))

function whole(option) {
  const number = Number(values[option])
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`Expected a whole number for --${option}, got ${values[option]}.`)
}

/** One seed with its trace, shrunk unless the faults to keep are given. */
async function runOne(seed) {
  const bug = values.plant ? planted.find(({ name }) => name === values.plant) : null
  if (values.plant && !bug) throw new Error(`No planted bug is called ${values.plant}; see planted.mjs.`)
  const { path, remove } = await bundle('one', [...tuning, ...(bug?.edits ?? [])])
  const pool = new Pool(path, 1)
  process.stdout.on('error', () => {})
  try {
    const keep = values.keep === undefined ? undefined : values.keep.split(',').filter(Boolean).map(Number)
    const { plan, keep: needed, lines, outcome } = await pool.run({ seed, keep, shrink: keep === undefined })
    const faults = plan.faults.map((fault) => `  ${JSON.stringify(fault)}`)
    const failures = outcome.violations.map(
      ({ what, tenant }) => `seed ${seed}: ${tenant ?? 'host'}: ${what}`,
    )
    const verdict =
      failures.length > 0
        ? [...failures, `again: ${replay(seed, needed)}`]
        : [`seed ${seed}: all promises held`]
    process.stdout.write(`${[...lines, '', 'faults:', ...faults, ...verdict].join('\n')}\n`)
    process.exitCode = failures.length > 0 ? 1 : 0
  } finally {
    pool.close()
    await remove()
  }
}

function replay(seed, keep) {
  return `node test/sim/run.mjs --seed ${seed} --keep '${keep.join(',')}'${values.plant ? ` --plant ${values.plant}` : ''}`
}

async function runMany(from, seeds) {
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 100) / 10
  const { path, remove } = await bundle('all', tuning)
  const pool = new Pool(path, workers)
  const total = { seeds: 0, struck: {}, pairings: 0, commits: 0, lastedMs: 0, found: [] }
  try {
    await runRanges(pool, total, { from, to: from + seeds })
    const report = reportOf(total, seconds())
    await tellFailures(pool, total.found)
    if (values.planted) report.planted = await findPlanted(workers, tell)
    report.totalSeconds = seconds()
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
    const missed = report.planted?.some(({ foundAfterSeeds }) => foundAfterSeeds === null)
    process.exitCode = total.found.length > 0 || missed ? 1 : 0
  } finally {
    pool.close()
    await remove()
  }
}

async function runRanges(pool, total, { from, to }) {
  const progress = setInterval(() => tell(`${total.seeds} seeds, ${total.found.length} violations`), 15_000)
  const tasks = []
  for (let at = from; at < to; at += seedsPerTask) {
    const range = { from: at, to: Math.min(to, at + seedsPerTask) }
    tasks.push(pool.run(range).then((part) => add(total, part)))
  }
  try {
    await Promise.all(tasks)
  } finally {
    clearInterval(progress)
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

function reportOf({ seeds, struck, pairings, commits, lastedMs, found }, seconds) {
  const faults = Object.values(struck).reduce((sum, count) => sum + count, 0)
  const simulatedHours = Math.round(lastedMs / 360_000) / 10
  const sorted = Object.fromEntries(Object.entries(struck).sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    seeds,
    faults,
    violations: found.length,
    pairings,
    commits,
    simulatedHours,
    seconds,
    struck: sorted,
  }
}

/** What went wrong, with the command that shows it again on its own. */
async function tellFailures(pool, found) {
  for (const { seed, violations } of found.sort((a, b) => a.seed - b.seed).slice(0, shownFailures)) {
    const { keep } = await pool.run({ seed, shrink: true })
    tell(`seed ${seed}: ${violations[0].what}\n  again: ${replay(seed, keep)}`)
  }
}

function tell(line) {
  process.stderr.write(`${line}\n`)
}
