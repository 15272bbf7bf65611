import { figureList } from './figure-list.mjs'
import { packTable, scalingTable, unitRows, unitsOf, waitingTable } from './scaling.mjs'
import { figureGroups, markdownTable, sideBySideRows, sideBySideTitle, strategyGroups } from './table.mjs'

const figureHead = ['', 'figure', 'measured', 'target', 'unit']

/** What the documents have places for, by file and name of the place, from a report of a whole run. */
export function blocksOf(report) {
  const { machine, figures, cells, plot, sideBySide, dir, seconds } = report
  const units = unitsOf(report)
  return {
    'BENCHMARKS.md': {
      machine: `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.platform}; session directories in ${dir}; ${seconds} s in all.`,
      figures: figureTables(figures),
      missed: missedList(figures),
      strategies: strategyTables(cells),
      'side-by-side': `${sideBySideTitle(sideBySide)}:\n\n${markdownTable(sideBySideRows(sideBySide), 2)}`,
      tenants: markdownTable(plotRows(plot), 1),
    },
    'docs/scaling.md': {
      units: markdownTable(unitRows(units)),
      fleet: scalingTable(units),
      waiting: waitingTable(units),
      packs: packTable(units),
    },
  }
}

function figureTables(figures) {
  return figureGroups(figures)
    .map(({ title, rows }) => `${title}:\n\n${markdownTable([figureHead, ...rows], 2)}`)
    .join('\n\n')
}

function missedList(figures) {
  const missed = figures.filter(({ ok }) => ok === false)
  if (missed.length === 0) return 'Missed in this run: none.'
  const lines = missed.map(({ name, measured, target, unit }) => {
    const { missed: why = '' } = Object.values(figureList).find((kind) => kind.name === name)
    return `- **${name}**: ${measured} ${unit}, not ${target}. ${why}`.trimEnd()
  })
  return `Missed in this run:\n\n${lines.join('\n')}`
}

/** One size is shown, the larger ones unfold. */
function strategyTables(cells) {
  const groups = strategyGroups(cells)
  const sizes = [...new Set(groups.map(({ files }) => files))]
  return sizes
    .map((size, n) => {
      const tables = groups
        .filter(({ files }) => files === size)
        .map(({ title, rows }) => `**${title}**\n\n${markdownTable(rows, 2)}`)
        .join('\n\n')
      if (n === 0) return tables
      return `<details><summary>${size.toLocaleString('en')} files</summary>\n\n${tables}\n\n</details>`
    })
    .join('\n\n')
}

function plotRows(plot) {
  const rounded = (value) => Math.round(value).toLocaleString('en')
  const rows = plot.map(({ strategy, tenants, changesPerSecond, rpo }) =>
    [strategy, rounded(tenants), rounded(changesPerSecond), ...[rpo.p50, rpo.p99, rpo.max].map(rounded)].map(
      String,
    ),
  )
  return [['', 'tenants', 'changes durable a second', 'RPO p50 ms', 'p99 ms', 'max ms'], ...rows]
}
