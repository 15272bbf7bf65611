// Lays the machines out and writes src/visualizer/layouts/*.json: npm run layout.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import ELK from 'elkjs'

const seeds = 100

/** @param {object} graph of src/visualizer/elk-graph.ts @returns {Promise<object>} a MachineLayout */
export async function layOut(graph) {
  const { width, height, children, edges } = await new ELK().layout(graph)
  return {
    width: rounded(width),
    height: rounded(height),
    states: Object.fromEntries(withDescendants(children).map((node) => [node.id, boxOf(node)])),
    lines: edges.map(({ sections: [{ startPoint, bendPoints = [], endPoint }], labels: [label] }) => ({
      points: [startPoint, ...bendPoints, endPoint].map(({ x, y }) => [rounded(x), rounded(y)]),
      label: boxOf(label),
    })),
  }
}

const withDescendants = (nodes = []) => nodes.flatMap((node) => [node, ...withDescendants(node.children)])
const boxOf = ({ x, y, width, height }) => [x, y, width, height].map(rounded)
const rounded = (length) => Math.round(length * 10) / 10

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const built = path.join(import.meta.dirname, '../dist/src/visualizer')
  const { machineChart, machineNames } = await import(pathToFileURL(path.join(built, 'index.js')).href)
  const { elkGraphOf } = await import(pathToFileURL(path.join(built, 'elk-graph.js')).href)
  const { clashesOf } = await import(pathToFileURL(path.join(built, 'clashes.js')).href)
  /** The smallest of those in which no line runs through a text, or else of those with the fewest such lines. */
  const clearest = async (chart) => {
    let best = null
    for (const isIndented of [false, true]) {
      for (let seed = 1; seed <= seeds && !(isIndented && best.clashes === 0); seed++) {
        const choice = { seed, isIndented }
        const layout = { choice, ...(await layOut(elkGraphOf(chart, choice))) }
        const [clashes, area] = [clashesOf(chart, layout).length, layout.width * layout.height]
        if (best === null || clashes < best.clashes || (clashes === best.clashes && area < best.area))
          best = { layout, clashes, area }
      }
    }
    return best.layout
  }
  for (const name of machineNames) {
    const layout = await clearest(machineChart(name))
    const file = path.join(import.meta.dirname, `../src/visualizer/layouts/${name}.json`)
    writeFileSync(file, `${JSON.stringify(layout, null, 2)}\n`)
    console.log(
      `${name}: ${JSON.stringify(layout.choice)}, ${layout.width} x ${layout.height}, ${layout.lines.length} lines`,
    )
  }
}
