import { describe, expect, it } from 'vitest'
// @ts-expect-error A script without types.
import { layOut } from '../../scripts/layout.mjs'
import { clashesOf } from '../../src/visualizer/clashes.js'
import { labelOf, linesOf } from '../../src/visualizer/drawn-text.js'
import { elkGraphOf } from '../../src/visualizer/elk-graph.js'
import { machineChart, machineNames } from '../../src/visualizer/index.js'
import { type Box, layoutOf } from '../../src/visualizer/layout.js'
import { headSize, textSize, textWidth } from '../../src/visualizer/measures.js'

describe.each(machineNames)('the layout of the %s machine', (name) => {
  const chart = machineChart(name)
  const layout = layoutOf(name)
  const labels = layout.lines.map(({ label }) => label)
  const leaves = chart.states.filter(({ initial }) => initial === null)

  it('is what elkjs makes of the chart now; if not, run npm run layout', async () => {
    const { choice, ...laidOut } = layout
    expect(await layOut(elkGraphOf(chart, choice)), 'run npm run layout').toEqual(laidOut)
  })

  it('has a box for every state, within the box of the state around it and wide enough for its text', () => {
    for (const state of chart.states) {
      const [x, y, width, height] = layout.states[state.id]!
      const around = state.parent ? layout.states[state.parent]! : [0, 0, layout.width, layout.height]
      expect([x >= around[0]!, y >= around[1]!], state.id).toEqual([true, true])
      expect(x + width, state.id).toBeLessThanOrEqual(around[0]! + around[2]!)
      expect(y + height, state.id).toBeLessThanOrEqual(around[1]! + around[3]!)
      expect(width, state.id).toBeGreaterThanOrEqual(headSize(chart, state).width)
    }
  })

  it('lays no label over another, over a state without states inside, or over the text of one with them', () => {
    const heads = chart.states.map((state): Box => {
      const [x, y] = layout.states[state.id]!
      const { width, height } = headSize(chart, state)
      return [x, y, width, height]
    })
    const taken = [...labels, ...leaves.map(({ id }) => layout.states[id]!), ...heads]
    for (const [index, label] of labels.entries()) {
      const over = taken.filter((other, at) => at !== index && overlap(label, other))
      expect(over, `label ${index}`).toEqual([])
    }
    expect(labels.some((label) => overlap(label, [0, 0, layout.width, layout.height]))).toBe(true)
  })

  it('lets no line run through a text', () => {
    expect(clashesOf(chart, layout)).toEqual([])
    // One that would is found.
    const [x, y] = layout.states[chart.states[0]!.id]!
    const across = {
      ...layout.lines[0]!,
      points: [
        [x - 5, y + 10],
        [x + 50, y + 10],
      ] as const,
    }
    expect(clashesOf(chart, { ...layout, lines: [across, ...layout.lines.slice(1)] })).not.toEqual([])
  })

  it('has room for every label', () => {
    for (const [index, { edges }] of linesOf(chart).entries()) {
      const widest = Math.max(...edges.flatMap(labelOf).map((text) => textWidth(text, textSize)))
      expect(labels[index]![2]).toBeGreaterThanOrEqual(widest)
    }
  })

  it('lets lines run straight, from the box of their source to the box of their target', () => {
    for (const [index, { source, target }] of linesOf(chart).entries()) {
      const { points } = layout.lines[index]!
      for (const [at, [x, y]] of points.slice(1).entries()) {
        const [fromX, fromY] = points[at]!
        expect(Math.min(Math.abs(x - fromX), Math.abs(y - fromY))).toBeLessThan(0.2)
      }
      expect(isOnBorder(points[0]!, layout.states[source]!), `from ${source}`).toBe(true)
      expect(isOnBorder(points.at(-1)!, layout.states[target]!), `to ${target}`).toBe(true)
    }
  })
})

function overlap([x, y, width, height]: Box, [otherX, otherY, otherWidth, otherHeight]: Box): boolean {
  return x < otherX + otherWidth && otherX < x + width && y < otherY + otherHeight && otherY < y + height
}

function isOnBorder([x, y]: readonly [number, number], [left, top, width, height]: Box): boolean {
  const near = (length: number, other: number) => Math.abs(length - other) < 0.5
  const isInside = x > left - 0.5 && x < left + width + 0.5 && y > top - 0.5 && y < top + height + 0.5
  return isInside && (near(x, left) || near(x, left + width) || near(y, top) || near(y, top + height))
}
