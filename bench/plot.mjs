const width = 420
const height = 260
const margin = { left: 64, right: 20, top: 34, bottom: 46 }
const colours = ['#0b6e4f', '#c1440e', '#7a7a7a']

/**
 * Two panels over the number of tenants, both axes in powers of ten: what is made durable a second, and how old the
 * oldest change is when it is.
 * @param points `{ tenants, commitsPerSecond, changesPerCommit, ages: { p50, p99, max } }`
 */
export function plotOf(points) {
  const throughput = {
    title: 'Changes made durable a second',
    lines: [
      {
        name: 'changes',
        at: ({ commitsPerSecond, changesPerCommit }) => commitsPerSecond * changesPerCommit,
      },
    ],
  }
  const rpo = {
    title: 'RPO, ms',
    lines: ['p50', 'p99', 'max'].map((name) => ({ name, at: ({ ages }) => Math.max(1, ages[name]) })),
  }
  const panels = [throughput, rpo].map((panel, n) => panelOf(panel, points, n * width))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} ${height}" font-family="system-ui, sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#ffffff"/>
${panels.join('\n')}
</svg>
`
}

function panelOf({ title, lines }, points, left) {
  const x = scale(
    points.map(({ tenants }) => tenants),
    margin.left,
    width - margin.right,
  )
  const y = scale(
    lines.flatMap(({ at }) => points.map(at)),
    height - margin.bottom,
    margin.top,
  )
  const parts = [
    `<text x="${margin.left}" y="18" font-size="13" font-weight="600">${title}</text>`,
    ...x.decades.map((value) => gridLine(x.of(value), margin.top, x.of(value), height - margin.bottom)),
    ...y.decades.map((value) => gridLine(margin.left, y.of(value), width - margin.right, y.of(value))),
    ...x.decades.map((value) => label(x.of(value), height - margin.bottom + 16, 'middle', value)),
    ...y.decades.map((value) => label(margin.left - 8, y.of(value) + 4, 'end', value)),
    `<text x="${(margin.left + width - margin.right) / 2}" y="${height - 10}" text-anchor="middle">tenants, each changing a file a second</text>`,
    ...lines.map((line, n) => curve(line, points, { x, y, colour: colours[n], n })),
  ]
  return `<g transform="translate(${left} 0)">\n${parts.join('\n')}\n</g>`
}

function curve({ name, at }, points, { x, y, colour, n }) {
  const path = points.map((point) => `${x.of(point.tenants).toFixed(1)},${y.of(at(point)).toFixed(1)}`)
  const dots = path.map(
    (pair) => `<circle cx="${pair.split(',')[0]}" cy="${pair.split(',')[1]}" r="3" fill="${colour}"/>`,
  )
  return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}<text x="${margin.left + 8}" y="${margin.top + 14 + 14 * n}" fill="${colour}">${name}</text>`
}

function scale(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    of: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    decades: Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)),
  }
}

function gridLine(x1, y1, x2, y2) {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#e3e3e3"/>`
}

function label(x, y, anchor, value) {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="#555555">${value.toLocaleString('en')}</text>`
}
