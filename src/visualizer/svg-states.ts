import type { ChartState, MachineChart } from './chart.js'
import { type DrawnRow, rowsOf } from './drawn-text.js'
import type { Box, MachineLayout } from './layout.js'
import { light } from './looks.js'
import { headHeight, lineHeight, margin, nameSize, padding, rootColumns, textSize } from './measures.js'
import { element, escaped } from './svg-elements.js'

/** What is lit, as it is now. */
export interface Lit {
  /** Ids of active states, outermost first. */
  readonly active?: readonly string[]
  /** Id of the edge that was taken last. */
  readonly lastEdge?: string
}

export function svgState(chart: MachineChart, layout: MachineLayout, state: ChartState, lit: Lit): string {
  const box = layout.states[state.id]!
  const isActive = lit.active?.includes(state.id) ?? false
  const isLeaf = isActive && lit.active?.at(-1) === state.id
  const [x, y] = box
  const isInitial = [chart.root, ...chart.states].some(({ initial }) => initial === state.id)
  const content = [
    ...boxes(state, box, isActive, isLeaf),
    ...(isInitial
      ? [element('circle', { class: 'machine-dot', cx: x + 10, cy: y + 14, r: 4, fill: light.ink })]
      : []),
    nameText(state.key, x + (isInitial ? 19 : padding), y),
    ...rowsOf(chart, state).map((row, index) =>
      svgRow(row, x + padding, y + headHeight + index * lineHeight, lit),
    ),
  ]
  const classes = [isActive && 'is-active', isLeaf && 'is-leaf'].filter(Boolean).join(' ')
  return element('g', { class: classes || undefined, 'data-state': state.id }, content.join(''))
}

/** What holds in every state: a box above the others, whose rows are in columns. */
export function svgRoot(chart: MachineChart, width: number, height: number, lit: Lit): string {
  const rows = rowsOf(chart, chart.root)
  const { count, columnWidth } = rootColumns(rows, width)
  const perColumn = Math.ceil(rows.length / count)
  const content = [
    element('rect', {
      class: 'machine-box',
      ...rectOf([margin, 10, width - 2 * margin, height - 10]),
      ...boxLook(light.state),
    }),
    nameText('in any state', margin + padding, 10),
    ...rows.map((row, index) =>
      svgRow(
        row,
        margin + padding + Math.floor(index / perColumn) * columnWidth,
        10 + headHeight + (index % perColumn) * lineHeight,
        lit,
      ),
    ),
  ]
  return element('g', { class: 'machine-root' }, content.join(''))
}

function boxes({ type }: ChartState, box: Box, isActive: boolean, isLeaf: boolean): string[] {
  const fill = isActive ? light.active : type === 'compound' ? light.state : light.inner
  const look = { ...boxLook(fill), ...(isActive ? { stroke: light.activeBorder } : {}) }
  const name = type === 'compound' ? 'machine-box' : 'machine-box is-inner'
  const outer = element('rect', { class: name, ...rectOf(box), ...look, 'stroke-width': isLeaf ? 3 : 1.2 })
  if (type !== 'final') return [outer]
  const [x, y, width, height] = box
  const within: Box = [x + 3, y + 3, width - 6, height - 6]
  return [outer, element('rect', { class: name, ...rectOf(within), ...look, rx: 4 })]
}

function boxLook(fill: string) {
  return { rx: 6, fill, stroke: light.border, 'stroke-width': 1.2 }
}

function rectOf([x, y, width, height]: Box) {
  return { x, y, width, height }
}

function nameText(name: string, x: number, y: number): string {
  const look = { 'font-size': nameSize, 'font-weight': 700, fill: light.ink }
  return element('text', { class: 'machine-name', x, y: y + 19, ...look }, escaped(name))
}

function svgRow({ text, edge, actor }: DrawnRow, x: number, y: number, { lastEdge }: Lit): string {
  const isLast = edge !== undefined && edge === lastEdge
  const place = {
    class: isLast ? 'machine-row is-last' : 'machine-row',
    x,
    y: y + textSize,
    'font-size': textSize,
    fill: isLast ? light.last : light.muted,
    'data-edge': edge,
    'data-actor': actor,
  }
  return element('text', place, escaped(text))
}
