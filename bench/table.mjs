/** Texts in columns, for a terminal of 80 and as Markdown. */

const operations = ['first backup', '20 changed', 'nothing changed', 'audit', 'restore']

/** A table for each session size and store: rows for what is done and what it costs, a column a strategy. */
export function strategyGroups(cells) {
  const groups = new Map()
  for (const cell of cells) {
    const title = `${whole(cell.files)} files, ${cell.store}, ${cell.limit} at a time`
    groups.set(title, [...(groups.get(title) ?? []), cell])
  }
  return [...groups].map(([title, group]) => ({ title, files: group[0].files, rows: cellRows(group) }))
}

function cellRows(group) {
  const of = (operation) => group.map(({ rows }) => rows.find((row) => row.operation === operation))
  return [
    ['', '', ...group.map(({ strategy }) => strategy)],
    ...operations.flatMap((operation) => costRows(operation, of(operation))),
    ['peak RSS', '+ MB', ...group.map(({ peakRssBytes }) => megabytes(peakRssBytes))],
  ]
}

export function sideBySideTitle([{ tenants, files, latencyMs, limit, booted }]) {
  return `${tenants} tenants × ${files} files, ${latencyMs} ms ± 20 %, limit ${limit}
steady: a change a second each; SIGTERM: 20 each; boot: ${booted} on an empty disk`
}

/** Many tenants: what they make durable and how late, an orderly end, and a start on an empty disk. */
export function sideBySideRows(fleets) {
  const { seconds } = fleets[0]
  const steady = (name, of) => ['', name, ...fleets.map((fleet) => of(fleet.steady))]
  return [
    ['', '', ...fleets.map(({ strategy }) => strategy)],
    ['steady', 'RPO p50 ms', ...fleets.map((fleet) => whole(fleet.steady.rpo.p50))],
    steady('RPO p99 ms', ({ rpo }) => whole(rpo.p99)),
    steady('RPO max ms', ({ rpo }) => whole(rpo.max)),
    steady('never durable', ({ neverDurable }) => `${Math.round(100 * neverDurable)} %`),
    steady('durable a second', ({ changesPerSecond }) => whole(changesPerSecond)),
    steady('CPU ms a second', ({ cpuMs }) => whole(cpuMs / seconds)),
    steady('requests a second', ({ requests }) => whole(requests / seconds)),
    steady('KB up a second', ({ bytesUp }) => whole(bytesUp / 1_024 / seconds)),
    ...costRows(
      'SIGTERM',
      fleets.map(({ drain }) => drain),
    ),
    ...costRows(
      'boot',
      fleets.map(({ boot }) => boot),
    ),
    ['peak RSS', '+ MB', ...fleets.map(({ peakRssBytes }) => megabytes(peakRssBytes))],
  ]
}

function costRows(title, costs) {
  const of = (name, text) => ['', name, ...costs.map((cost) => (cost ? text(cost) : '–'))]
  const [, ...first] = of('ms', ({ wallMs }) => whole(wallMs))
  return [
    [title, ...first],
    of('CPU ms', ({ cpuMs }) => whole(cpuMs)),
    of('requests', ({ requests }) => whole(requests)),
    of('KB up', ({ bytesUp }) => whole(bytesUp / 1_024)),
  ]
}

/** Measured against target, under a line that says with what; a group for each of these. */
export function figureGroups(figures) {
  const groups = new Map()
  for (const figure of figures) groups.set(figure.at, [...(groups.get(figure.at) ?? []), figure])
  return [...groups].map(([title, group]) => ({ title, rows: group.map(figureRow) }))
}

const signs = { most: '≤', least: '≥' }

export function figureRow({ name, measured, target, limit, unit, ok }) {
  const said = ok === null ? '' : ok ? 'ok' : 'MISSED'
  return [said, name, number(measured), target === null ? '' : `${signs[limit]} ${number(target)}`, unit]
}

/** @param judged false: what was measured says nothing, so that no target is held against it */
export function figureText(figures, judged = true) {
  const shown = judged ? figures : figures.map((figure) => ({ ...figure, ok: null, target: null }))
  const groups = figureGroups(shown)
  const lines = aligned(
    [['', 'figure', 'measured', 'target', ''], ...groups.flatMap(({ rows }) => rows)],
    [2, 3],
  )
  const [head, ...rest] = lines
  const texts = groups.map(({ title, rows }) => [`  ${title}`, ...rest.splice(0, rows.length)].join('\n'))
  return [head, ...texts].join('\n\n')
}

export function tableText({ title, rows }) {
  return [title, ...aligned(rows, null, 2)].join('\n')
}

/** The first `texts` columns to the left, figures to the right. */
export function markdownTable([head, ...rows], texts = 1) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)))
  const line = (cells) =>
    `| ${cells.map((text, at) => (at < texts ? text.padEnd(widths[at]) : text.padStart(widths[at]))).join(' | ')} |`
  const rule = widths.map((width, at) => (at < texts ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function aligned(rows, right, texts = 0) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const isRight = (column) => (right ? right.includes(column) : column >= texts)
  return rows.map((row) =>
    row
      .map((text, column) => (isRight(column) ? text.padStart(widths[column]) : text.padEnd(widths[column])))
      .join('  ')
      .trimEnd(),
  )
}

/** JSON has no NaN: what was not there to be measured is null. */
function whole(value) {
  if (value === null || Number.isNaN(value)) return '–'
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toLocaleString('en')
}

function number(value) {
  return value.toLocaleString('en', { maximumSignificantDigits: 6 })
}

function megabytes(bytes) {
  return bytes === null || Number.isNaN(bytes) ? '–' : whole(Math.round(bytes / 2 ** 20))
}
