import type { ChartState, MachineChart, MachineName } from './chart.js'
import { labelOf, linesOf, rowsOf } from './drawn-text.js'
import { machineChart } from './machine-chart.js'

const rootName = 'in any state'

/** A `stateDiagram-v2` of Mermaid; a comment before each transition holds its id. */
export function machineMermaid(name: MachineName): string {
  const chart = machineChart(name)
  const lines = linesOf(chart).flatMap(({ source, target, edges }) =>
    edges.flatMap((edge) => [
      `  %% ${edge.id}`,
      `  ${plain(source)} --> ${plain(target)} : ${labelOf(edge)
        .map((line) => line.trim())
        .join(' ')}`,
    ]),
  )
  const root = [`  state "${rootName}" as any_state`, ...mermaidRows(chart, chart.root, 'any_state', '  ')]
  return [
    'stateDiagram-v2',
    ...root,
    ...mermaidStates(chart, chart.root, '  '),
    ...lines,
    ...chart.states.filter(({ type }) => type === 'final').map(({ id }) => `  ${plain(id)} --> [*]`),
    '',
  ].join('\n')
}

function mermaidStates(chart: MachineChart, { id, initial }: ChartState, indent: string): string[] {
  const inside = chart.states
    .filter(({ parent }) => parent === id)
    .flatMap((state) => {
      const own = plain(state.id)
      const head = `${indent}state "${state.key}" as ${own}`
      const rows = mermaidRows(chart, state, own, indent)
      if (state.initial === null) return [head, ...rows]
      return [`${head} {`, ...mermaidStates(chart, state, `${indent}  `), `${indent}}`, ...rows]
    })
  return initial === null ? inside : [...inside, `${indent}[*] --> ${plain(initial)}`]
}

function mermaidRows(chart: MachineChart, state: ChartState, own: string, indent: string): string[] {
  const rows = rowsOf(chart, state)
  if (rows.length === 0) return []
  const ids = rows.flatMap(({ edge }) => (edge === undefined ? [] : [`${indent}%% ${edge}`]))
  const texts = rows.map(({ text }) => `${indent}  ${text.replaceAll('->', 'to')}`)
  return [...ids, `${indent}note right of ${own}`, ...texts, `${indent}end note`]
}

/** A digraph for Graphviz, with clusters; a transition's id is its edge's `id`, or a comment where it is a row of text. */
export function machineDot(name: MachineName): string {
  const chart = machineChart(name)
  const lines = linesOf(chart).flatMap(({ source, target, edges }) =>
    edges.map((edge) => {
      const ends = { ltail: clusterOf(chart, source), lhead: clusterOf(chart, target) }
      const drawn = { id: edge.id, label: labelOf(edge).join('\n'), ...ends }
      return `  ${quoted(leafOf(chart, source))} -> ${quoted(leafOf(chart, target))} ${attributes(drawn)}`
    }),
  )
  return [
    `digraph ${name} {`,
    '  compound=true node [shape=box style=rounded fontname=monospace] edge [fontname=monospace fontsize=10]',
    ...dotRows(chart, chart.root, '  '),
    `  ${quoted('*')} ${attributes({ label: dotLabel(chart, chart.root) })}`,
    ...dotStates(chart, '', '  '),
    ...lines,
    '}',
    '',
  ].join('\n')
}

function dotStates(chart: MachineChart, parent: string, indent: string): string[] {
  return chart.states
    .filter((state) => state.parent === parent)
    .flatMap((state) => {
      const label = dotLabel(chart, state)
      const rows = dotRows(chart, state, indent)
      if (state.initial === null) {
        const peripheries = state.type === 'final' ? '2' : undefined
        return [...rows, `${indent}${quoted(state.id)} ${attributes({ label, peripheries })}`]
      }
      const head = `${indent}subgraph ${quoted(`cluster_${state.id}`)} { label=${quoted(label)}`
      return [...rows, head, ...dotStates(chart, state.id, `${indent}  `), `${indent}}`]
    })
}

function dotRows(chart: MachineChart, state: ChartState, indent: string): string[] {
  return rowsOf(chart, state).flatMap(({ edge }) => (edge === undefined ? [] : [`${indent}// ${edge}`]))
}

function dotLabel(chart: MachineChart, state: ChartState): string {
  return [
    state.key === chart.root.key ? rootName : state.key,
    ...rowsOf(chart, state).map(({ text }) => text),
  ].join('\n')
}

/** Graphviz draws no edge to a cluster: it ends at a state inside, and is cut at the border. */
function leafOf(chart: MachineChart, id: string): string {
  const initial = chart.states.find((state) => state.id === id)?.initial ?? null
  return initial === null ? id : leafOf(chart, initial)
}

function clusterOf(chart: MachineChart, id: string): string | undefined {
  return leafOf(chart, id) === id ? undefined : `cluster_${id}`
}

function attributes(given: Readonly<Record<string, string | undefined>>): string {
  const written = Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quoted(value)}`],
  )
  return `[${written.join(' ')}]`
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

/** Mermaid's names hold no dots and no dashes. */
function plain(id: string): string {
  return id.replaceAll(/[^\w]/g, '_')
}
