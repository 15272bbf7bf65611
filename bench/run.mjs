// What backups cost: `npm run bench -- [part …] [--json] [--quick] [--dir path] [--plot file.svg] [--markdown] [--profile folder]`; see BENCHMARKS.md.
import { accessSync, constants, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { bundle } from '../test/sim/bundle.mjs'
import { inChild } from './child.mjs'
import { markdownOf } from './markdown.mjs'
import { partsOf } from './plan.mjs'
import { plotOf } from './plot.mjs'
import { figureTable, strategyTable } from './table.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    /** Small sizes: that it runs, not what it measures. */
    quick: { type: 'boolean', default: false },
    /** Where session directories are made. Default: memory where there is a disk of it, so that no disk is measured. */
    dir: { type: 'string', default: memoryDisk() ?? tmpdir() },
    plot: { type: 'string' },
    /** The tables of BENCHMARKS.md and docs/scaling.md, each under the name of its place. */
    markdown: { type: 'boolean', default: false },
    /** A folder for a CPU profile of each measurement; what is measured then is not to be judged. */
    profile: { type: 'string' },
  },
})

const wanted = partsOf(positionals, values.quick)
const startedAt = performance.now()
const { path, remove } = await bundle('bench', [], 'bench/main.ts', {
  'restore-thread': 'src/session/restore-thread.ts',
})
const report = { figures: [], cells: [], plot: [], machine: machine(), dir: values.dir, quick: values.quick }
try {
  for (const { name, runs } of wanted) {
    tell(`\n${name}`)
    for (const run of runs) await measure(run)
  }
} finally {
  await remove()
}
report.seconds = Math.round((performance.now() - startedAt) / 1_000)
if (values.plot && report.plot.length > 0) writeFileSync(values.plot, plotOf(report.plot))
tell('')
if (report.cells.length > 0) show(strategyTable(report.cells))
show(figureTable(report.figures))
if (values.markdown) show(`\n${markdownOf(report)}`)
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
// A quick run says that it runs; its figures mean nothing.
process.exitCode = !values.quick && report.figures.some(({ ok }) => ok === false) ? 1 : 0

async function measure({ title, script, options, becomes }) {
  const from = performance.now()
  const given = typeof options === 'function' ? options(report) : options
  const result = await inChild(
    path,
    { script, options: given },
    {
      env: { TMPDIR: values.dir },
      profiles: values.profile,
    },
  )
  const told = becomes(result, report)
  report.figures.push(...told)
  for (const note of result.notes ?? []) tell(`  ${title}: ${note}`)
  tell(`  ${title} (${((performance.now() - from) / 1_000).toFixed(1)} s)`)
  for (const { name, measured, unit, ok } of told)
    tell(`    ${ok === false ? '✗' : '·'} ${name}: ${measured} ${unit}`)
}

function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  }
}

function memoryDisk() {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return null
  }
}

function show(text) {
  ;(values.json ? process.stderr : process.stdout).write(`${text}\n`)
}

function tell(line) {
  process.stderr.write(`${line}\n`)
}
