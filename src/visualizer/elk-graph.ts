import type { ChartState, MachineChart } from './chart.js'
import { linesOf } from './drawn-text.js'
import { headSize, labelSize, margin, padding } from './measures.js'

/** What elkjs lays out. Its options do not reach nested graphs, so each state around others has its own. */
export interface ElkGraph {
  readonly id: string
  readonly layoutOptions: Readonly<Record<string, string>>
  readonly children?: readonly ElkGraph[]
  readonly width?: number
  readonly height?: number
  readonly edges?: readonly object[]
}

/** Width of what counts as a short text inside a state. */
const shortText = 200

const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  // Initial states come first, and elkjs never failed with it; model order crashes it on nested graphs.
  'elk.layered.cycleBreaking.strategy': 'DFS_NODE_ORDER',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '30',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '3',
  'elk.spacing.labelNode': '6',
  'elk.edgeLabels.inline': 'false',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
}

/** What elkjs leaves open; `npm run layout` looks for the choice that gives the clearest picture. */
export interface LayoutChoice {
  /** Which of many equally good beginnings is taken. */
  readonly seed: number
  /** States with a short text have those inside to the right of it, so that lines to them pass it by. */
  readonly isIndented: boolean
}

export function elkGraphOf(chart: MachineChart, choice: LayoutChoice): ElkGraph {
  return {
    id: '*',
    layoutOptions: {
      ...options,
      'elk.randomSeed': String(choice.seed),
      'elk.padding': `[top=24,left=${margin},bottom=${margin},right=${margin}]`,
    },
    children: childrenOf(chart, '', choice),
    edges: linesOf(chart).map((line, index) => ({
      id: `line${index}`,
      sources: [line.source],
      targets: [line.target],
      labels: [{ id: `label${index}`, text: line.source, ...labelSize(line) }],
    })),
  }
}

function childrenOf(chart: MachineChart, parent: string, choice: LayoutChoice): ElkGraph[] {
  return chart.states.filter((state) => state.parent === parent).map((state) => nodeOf(chart, state, choice))
}

function nodeOf(chart: MachineChart, state: ChartState, choice: LayoutChoice): ElkGraph {
  const { width, height } = headSize(chart, state)
  const children = childrenOf(chart, state.id, choice)
  if (children.length === 0) return { id: state.id, layoutOptions: {}, width, height }
  const left = choice.isIndented && width < shortText ? width : 14
  const layoutOptions = {
    ...options,
    'elk.padding': `[top=${height + padding},left=${left},bottom=14,right=14]`,
    'elk.nodeSize.constraints': 'MINIMUM_SIZE',
    'elk.nodeSize.minimum': `(${width},${height})`,
  }
  return { id: state.id, layoutOptions, children }
}
