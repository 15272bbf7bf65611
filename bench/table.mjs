const operations = ['first backup', '20 changed', 'nothing changed', 'audit', 'restore']

/** A table for each session size and store: strategies side by side. */
export function strategyTable(cells) {
  return strategyGroups(cells)
    .map(({ title, rows }) => `\n${title}\n${aligned(rows)}`)
    .join('\n')
}

/** Title and rows of each, the first two of which are heads. */
export function strategyGroups(cells) {
  const groups = new Map()
  for (const cell of cells) {
    const title = `${cell.files.toLocaleString('en')} files, ${cell.store}, ${cell.limit} at a time`
    groups.set(title, [...(groups.get(title) ?? []), cell])
  }
  return [...groups].map(([title, group]) => ({ title, rows: rowsOf(group) }))
}

function rowsOf(group) {
  const head = ['', ...operations.flatMap((operation) => [operation, '', '']), 'peak RSS']
  const units = ['', ...operations.flatMap(() => ['ms', 'CPU', 'req/KB']), 'MB']
  const rows = group.map(({ strategy, rows, peakRssBytes }) => [
    strategy,
    ...operations.flatMap((operation) => cellsOf(rows.find((row) => row.operation === operation))),
    String(Math.round(peakRssBytes / 2 ** 20)),
  ])
  return [head, units, ...rows]
}

function cellsOf(row) {
  if (!row) return ['–', '', '']
  return [whole(row.wallMs), whole(row.cpuMs), `${row.requests}/${whole(row.bytesUp / 1_024)}`]
}

/** Measured against target. */
export function figureTable(figures) {
  return `\n${aligned(figureRows(figures), [2, 3])}`
}

export function figureRows(figures) {
  const sign = { most: '≤', least: '≥' }
  const rows = figures.map(({ name, measured, target, limit, unit, ok }) => [
    ok === null ? '' : ok ? 'ok' : 'MISSED',
    name,
    String(measured),
    target === null ? '' : `${sign[limit]} ${target}`,
    unit,
  ])
  return [['', 'figure', 'measured', 'target', ''], ...rows]
}

function whole(value) {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')
}

/** Texts to the left, figures to the right. */
function aligned(rows, right = null) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const isRight = (column) => (right ? right.includes(column) : column > 0)
  return rows
    .map((row) =>
      row
        .map((text, column) =>
          isRight(column) ? text.padStart(widths[column]) : text.padEnd(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
