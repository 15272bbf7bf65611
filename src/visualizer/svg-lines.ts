import type { ChartEdge } from './chart.js'
import { type DrawnLine, labelOf } from './drawn-text.js'
import type { LineLayout } from './layout.js'
import { light } from './looks.js'
import { labelPadding, lineHeight, textSize } from './measures.js'
import { element, escaped } from './svg-elements.js'

const arrowLength = 8
const arrowHalf = 4

/**
 * A line between two states. Each of its edges is an element of its own with the whole line and its own label, so that
 * lighting one edge lights the way that it took.
 */
export function svgLine(line: DrawnLine, { points, label }: LineLayout, lastEdge?: string): string {
  const [x, , width] = label
  let y = label[1]
  const edges = line.edges.map((edge) => {
    const box = { x, y, width, height: labelOf(edge).length * lineHeight + 2 * labelPadding }
    y += box.height
    return svgEdge(edge, points, box, edge.id === lastEdge)
  })
  return element('g', { class: 'machine-edges' }, edges.join(''))
}

interface LabelBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

function svgEdge(edge: ChartEdge, points: LineLayout['points'], box: LabelBox, isLast: boolean): string {
  const colour = isLast ? light.last : light.line
  const content = [
    element('path', {
      class: 'machine-line',
      d: `M${points.map((point) => point.join(' ')).join('L')}`,
      fill: 'none',
      stroke: colour,
      'stroke-width': isLast ? 2.5 : 1.2,
    }),
    element('path', { class: 'machine-arrow', d: arrowAt(points), fill: colour }),
    element('rect', { class: 'machine-back', ...box, fill: light.paper, 'fill-opacity': 0.85 }),
    ...labelTexts(edge, box, isLast),
  ]
  return element('g', { class: isLast ? 'is-last' : undefined, 'data-edge': edge.id }, content.join(''))
}

function labelTexts(edge: ChartEdge, { x, y }: LabelBox, isLast: boolean): string[] {
  const lines = labelOf(edge)
  const firstAction = lines.findIndex((line) => line.startsWith('/ '))
  return lines.map((line, index) => {
    const isAction = firstAction >= 0 && index >= firstAction
    const place = {
      class: isAction ? 'machine-actions' : 'machine-label',
      x: x + labelPadding,
      y: y + labelPadding + index * lineHeight + textSize,
      'font-size': textSize,
      fill: isLast ? light.last : isAction ? light.muted : light.ink,
      'xml:space': 'preserve',
    }
    return element('text', place, escaped(line))
  })
}

/** At the end of the last piece, which is horizontal or vertical. */
function arrowAt(points: LineLayout['points']): string {
  const [x, y] = points.at(-1)!
  const [fromX, fromY] = points.at(-2)!
  const dx = Math.sign(Math.round(x - fromX))
  const dy = Math.sign(Math.round(y - fromY))
  const backX = x - dx * arrowLength
  const backY = y - dy * arrowLength
  return `M${x} ${y}L${backX + dy * arrowHalf} ${backY + dx * arrowHalf}L${backX - dy * arrowHalf} ${backY - dx * arrowHalf}Z`
}
