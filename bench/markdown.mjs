import { scalingTable, unitsOf } from './scaling.mjs'
import { figureRows, strategyGroups } from './table.mjs'

/** What BENCHMARKS.md and docs/scaling.md have places for, by the name of the place; only what the report can tell. */
export function markdownOf(report) {
  const { machine, figures, cells, plot, dir, seconds } = report
  const overload = figures.filter(({ name }) => name.startsWith('overload'))
  const isUnitKnown =
    plot.some(({ tenants }) => tenants === 1_000) &&
    figures.some(({ name }) => name === 'memory of a connected tenant with 860 files')
  const blocks = {
    MACHINE: `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.platform}; key files in ${dir}; ${seconds} s in all.`,
    FIGURES: tableOf(figureRows(figures)),
  }
  if (cells.length > 0) {
    blocks.STRATEGIES = strategyGroups(cells)
      .map(({ title, rows }) => `**${title}**\n\n${tableOf(rows)}`)
      .join('\n\n')
  }
  if (overload.length > 0) blocks.OVERLOAD = tableOf(figureRows(overload))
  if (isUnitKnown) {
    const units = unitsOf(report)
    blocks.UNITS = tableOf([
      ['unit', 'measured'],
      ['CPU a commit, ms', units.cpuMsPerCommit.toFixed(2)],
      ['bytes a commit', String(Math.round(units.bytesPerCommit))],
      ['memory of a connected tenant, KB', String(units.kbPerTenant)],
    ])
    blocks.TABLE = scalingTable(units)
  }
  return Object.entries(blocks)
    .map(([name, text]) => `<!-- ${name} -->\n${text}`)
    .join('\n\n')
}

/** The first column is text, the others figures. */
function tableOf([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  )
}
