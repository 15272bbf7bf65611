// What backups cost; see BENCHMARKS.md, and `npm run bench -- --help`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../test/sim/bundle.mjs'
import { MeasurementFailed, measureInChild } from './child.mjs'
import { figureNamesOf } from './figure-list.mjs'
import { machine } from './machine.mjs'
import { optionsOf, usage } from './options.mjs'
import { partsOf } from './plan.mjs'
import { plotOf } from './plot.mjs'
import { figureText, sideBySideRows, sideBySideTitle, strategyGroups, tableText } from './table.mjs'
import { writeDocuments } from './write.mjs'

const options = optionsOrExit()
const report = {
  figures: [],
  cells: [],
  sideBySide: [],
  plot: [],
  machine: machine(),
  dir: options.dir,
  quick: options.quick,
  parts: options.parts,
}
const startedAt = performance.now()
/** Whatever a measurement leaves is in here, also when it is killed. */
const ground = mkdtempSync(join(options.dir, 'bench-'))
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stopping.abort(signal))
process.exitCode = await main()

async function main() {
  try {
    await measureAll()
    tellAll()
    return options.quick || report.figures.every(({ ok }) => ok !== false) ? 0 : 1
  } catch (error) {
    if (!stopping.signal.aborted && !(error instanceof MeasurementFailed)) throw error
    const signal = stopping.signal.reason
    tell(`\n${signal ? `Stopped by ${signal}` : error.message}; nothing is left in ${options.dir}.`)
    return signal ? 128 + constants.signals[signal] : 1
  } finally {
    rmSync(ground, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function measureAll() {
  const { path, remove } = await bundle('bench', [], 'bench/main.ts', {
    'restore-thread': 'src/session/restore-thread.ts',
  })
  try {
    for (const { name, runs } of partsOf(options.parts, options.quick)) {
      tell(`\n${name}`)
      for (const run of runs) await measure(path, run)
    }
  } finally {
    await remove()
  }
  report.seconds = Math.round((performance.now() - startedAt) / 1_000)
  const given = report.figures.map(({ name }) => name)
  const absent = figureNamesOf(options.parts).filter((name) => !given.includes(name))
  if (absent.length > 0) throw new Error(`The bench did not give these figures: ${absent.join('; ')}`)
}

async function measure(path, { title, script, options: given, becomes }) {
  const from = performance.now()
  const result = await measureInChild(path, {
    script,
    options: typeof given === 'function' ? given(report) : given,
    ground,
    profiles: options.profile,
    signal: stopping.signal,
  })
  const told = becomes(result, report)
  report.figures.push(...told)
  tell(`  ${title} (${((performance.now() - from) / 1_000).toFixed(1)} s)`)
  for (const note of result.notes ?? []) tell(`    ${note}`)
  for (const { name, measured, unit, ok } of told)
    tell(`    ${ok === false && !options.quick ? '✗' : '·'} ${name}: ${measured} ${unit}`)
}

function tellAll() {
  const { figures, cells, sideBySide, plot } = report
  const show = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`)
  if (options.plot) writeFileSync(options.plot, plotOf(plot))
  for (const group of strategyGroups(cells)) show(`\n${tableText(group)}`)
  if (sideBySide.length > 0)
    show(`\n${tableText({ title: sideBySideTitle(sideBySide), rows: sideBySideRows(sideBySide) })}`)
  show(`\n${figureText(figures, !options.quick)}`)
  if (options.quick) show('\nSmall sizes (--quick): what is measured says nothing, and no target is judged.')
  if (options.write) for (const file of writeDocuments(report)) tell(`Written: ${file}`)
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
}

function optionsOrExit() {
  try {
    const options = optionsOf(process.argv.slice(2))
    if (!options.help) return options
    process.stdout.write(`${usage}\n`)
    process.exit(0)
  } catch (error) {
    tell(error.message)
    process.exit(2)
  }
}

function tell(line) {
  process.stderr.write(`${line}\n`)
}
