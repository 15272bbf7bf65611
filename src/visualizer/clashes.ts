import type { MachineChart } from './chart.js'
import { linesOf } from './drawn-text.js'
import type { Box, MachineLayout } from './layout.js'
import { headSize } from './measures.js'

/** Lines that run through something that is to be read: a state's name and rows, or the label of another line. */
export function clashesOf(chart: MachineChart, layout: Omit<MachineLayout, 'choice'>): string[] {
  const heads = chart.states.map((state) => {
    const [x, y] = layout.states[state.id]!
    const { width, height } = headSize(chart, state)
    return { what: `the text of ${state.id}`, box: [x, y, width, height] as Box, line: -1 }
  })
  const labels = layout.lines.map(({ label }, line) => ({ what: `label ${line}`, box: label, line }))
  return linesOf(chart).flatMap(({ source, target }, index) =>
    [...heads, ...labels]
      .filter(({ box, line }) => line !== index && runsThrough(layout.lines[index]!.points, box))
      .map(({ what }) => `${source} to ${target} runs through ${what}`),
  )
}

/** Along its border is beside it. */
function runsThrough(points: readonly (readonly [number, number])[], box: Box): boolean {
  const [left, top, right, bottom] = [
    box[0] + 0.5,
    box[1] + 0.5,
    box[0] + box[2] - 0.5,
    box[1] + box[3] - 0.5,
  ]
  return points.slice(1).some(([x, y], at) => {
    const [fromX, fromY] = points[at]!
    const isBeside = Math.max(x, fromX) <= left || Math.min(x, fromX) >= right
    return !isBeside && Math.max(y, fromY) > top && Math.min(y, fromY) < bottom
  })
}
