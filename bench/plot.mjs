const width = 430
const height = 300
const margin = { left: 58, right: 30, top: 78, bottom: 46 }

/** Light, and dark where whoever looks has asked for it. */
const style = `
  .ground { fill: #ffffff } .text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #d9dee3 }
  .ours { stroke: #0b7a55; fill: #0b7a55 } .file { stroke: #b8420c; fill: #b8420c } .archive { stroke: #6b4fbb; fill: #6b4fbb }
  .load { stroke: #8a939c; fill: #8a939c }
  .line { fill: none }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #e6edf3 } .quiet { fill: #9ba6b1 } .grid { stroke: #2b323b }
    .ours { stroke: #3fcf9b; fill: #3fcf9b } .file { stroke: #ff9a62; fill: #ff9a62 } .archive { stroke: #b9a2ff; fill: #b9a2ff }
    .load { stroke: #6e7781; fill: #6e7781 }
    .line { fill: none }
  }`

const strategies = [
  { strategy: 'ours', look: 'ours' },
  { strategy: 'a file an object', look: 'file' },
  { strategy: 'archive', look: 'archive' },
]

/**
 * Two panels over the number of tenants, both axes in powers of ten: what is made durable a second, and how old the
 * oldest change is when it is; ours beside the others.
 * @param points `{ strategy, tenants, changesPerSecond, rpo: { p50, p99, max } }`
 */
export function plotOf(points) {
  const panels = [throughput(points), rpo(points)].map((panel, n) => panelOf(panel, n * width))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * width}" height="${height}" viewBox="0 0 ${2 * width} ${height}" font-family="system-ui, 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="12" role="img" aria-label="Changes made durable a second and RPO against the number of tenants, for three strategies">
<style>${style}
</style>
<rect class="ground" width="100%" height="100%"/>
${panels.join('\n')}
</svg>
`
}

function throughput(points) {
  const lines = linesOf(points, ({ changesPerSecond }) => changesPerSecond)
  const ofOurs = points.filter(({ strategy }) => strategy === 'ours')
  const load = {
    name: 'changes made',
    look: 'load',
    dashes: '2 4',
    of: ofOurs.map(({ tenants }) => [tenants, tenants]),
  }
  return { title: 'Changes made durable, a second', lines: [...lines, load] }
}

function rpo(points) {
  const ofOurs = (name, dashes) => ({
    name: `ours, ${name}`,
    look: 'ours',
    dashes,
    of: pointsOf(points, 'ours', (point) => point.rpo[name]),
  })
  const lines = linesOf(points, (point) => point.rpo.p99)
  return {
    title: 'RPO p99: age of a change when durable, ms',
    lines: [...lines, ofOurs('p50', '2 4'), ofOurs('max', '7 4')],
  }
}

function linesOf(points, at) {
  return strategies
    .map(({ strategy, look }) => ({ name: strategy, look, of: pointsOf(points, strategy, at) }))
    .filter(({ of }) => of.length > 0)
}

function pointsOf(points, strategy, at) {
  return points
    .filter((point) => point.strategy === strategy)
    .map((point) => [point.tenants, Math.max(1, at(point))])
    .sort(([a], [b]) => a - b)
}

function panelOf({ title, lines }, left) {
  const all = lines.flatMap(({ of }) => of)
  const x = scale(
    all.map(([tenants]) => tenants),
    margin.left,
    width - margin.right,
  )
  const y = scale(
    all.map(([, value]) => value),
    height - margin.bottom,
    margin.top,
  )
  const parts = [
    `<text class="text" x="${margin.left}" y="22" font-size="14" font-weight="600">${title}</text>`,
    ...x.ticks.map((value) => gridLine(x.of(value), margin.top, x.of(value), height - margin.bottom)),
    ...y.ticks.map((value) => gridLine(margin.left, y.of(value), width - margin.right, y.of(value))),
    ...x.ticks.map((value) => label(x.of(value), height - margin.bottom + 18, 'middle', value)),
    ...y.ticks.map((value) => label(margin.left - 8, y.of(value) + 4, 'end', value)),
    `<text class="quiet" x="${(margin.left + width - margin.right) / 2}" y="${height - 8}" text-anchor="middle">tenants, each changing a file a second</text>`,
    ...lines.toReversed().map((line) => curve(line, { x, y })),
    ...lines.map((line, n) => legend(line, n)),
  ]
  return `<g transform="translate(${left} 0)">\n${parts.join('\n')}\n</g>`
}

function curve({ look, dashes, of }, { x, y }) {
  const pairs = of.map(([tenants, value]) => [x.of(tenants).toFixed(1), y.of(value).toFixed(1)])
  const dots = dashes ? [] : pairs.map(([cx, cy]) => `<circle class="${look}" cx="${cx}" cy="${cy}" r="3"/>`)
  return `<polyline class="${look} line" points="${pairs.map((pair) => pair.join(',')).join(' ')}" stroke-width="2"${dashed(dashes)}/>${dots.join('')}`
}

/** Above the panel: the strategies, and below them what else is drawn. */
function legend({ name, look, dashes }, n) {
  const x = margin.left + [0, 95, 235][n % 3]
  const y = 44 + Math.floor(n / 3) * 18
  return `<line class="${look}" x1="${x}" y1="${y - 4}" x2="${x + 22}" y2="${y - 4}" stroke-width="2"${dashed(dashes)}/><text class="text" x="${x + 28}" y="${y}">${name}</text>`
}

function dashed(dashes) {
  return dashes ? ` stroke-dasharray="${dashes}"` : ''
}

/** From the round number below the least to the one above the most: 1, 2 and 5 times a power of ten. */
function scale(values, from, to) {
  const steps = Array.from({ length: 24 }, (_, n) => [1, 2, 5][n % 3] * 10 ** Math.floor(n / 3))
  const first = steps.findLast((step) => step <= Math.max(1, Math.min(...values))) ?? 1
  const last = steps.find((step) => step >= Math.max(...values) && step > first) ?? steps.at(-1)
  const ticks = steps.filter((step) => step >= first && step <= last)
  return {
    of: (value) => from + (Math.log10(value / first) / Math.log10(last / first)) * (to - from),
    ticks: ticks.length > 8 ? ticks.filter((step) => step === last || /^10*$/.test(step)) : ticks,
  }
}

function gridLine(x1, y1, x2, y2) {
  return `<line class="grid" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

function label(x, y, anchor, value) {
  return `<text class="quiet" x="${x}" y="${y}" text-anchor="${anchor}">${value.toLocaleString('en')}</text>`
}
