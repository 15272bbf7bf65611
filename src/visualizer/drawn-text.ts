import type { ChartEdge, ChartState, ChartTrigger, MachineChart } from './chart.js'

/** Text inside a state's box; one that stands for an edge or an actor carries its id. */
export interface DrawnRow {
  readonly text: string
  readonly edge?: string
  readonly actor?: string
}

/** Edges between the same two states: one line, with a label for each. */
export interface DrawnLine {
  readonly source: string
  readonly target: string
  readonly edges: readonly ChartEdge[]
}

/** Longer labels are broken at spaces: a label's width pushes states apart. */
const labelChars = 30

/** Edges that are drawn as lines; the others are rows in the box of their source. */
export function linesOf({ edges }: MachineChart): DrawnLine[] {
  const lines = new Map<string, ChartEdge[]>()
  for (const edge of edges.filter(isLine)) {
    const ends = `${edge.source} ${edge.targets[0]}`
    lines.set(ends, [...(lines.get(ends) ?? []), edge])
  }
  return [...lines.values()].map((found) => ({
    source: found[0]!.source,
    target: found[0]!.targets[0]!,
    edges: found,
  }))
}

/** What a state's box holds below its name. */
export function rowsOf({ edges }: MachineChart, state: ChartState): DrawnRow[] {
  return [
    ...state.actors.map(({ id, logic }) => ({
      text: id === logic ? `runs ${id}` : `runs ${id} (${logic})`,
      actor: id,
    })),
    ...(state.entry.length > 0 ? [{ text: `entry / ${state.entry.join(', ')}` }] : []),
    ...(state.exit.length > 0 ? [{ text: `exit / ${state.exit.join(', ')}` }] : []),
    ...edges
      .filter((edge) => edge.source === state.id && !isLine(edge))
      .map((edge) => ({ text: rowText(edge), edge: edge.id })),
  ]
}

/** `event [guard]`, then `/ actions`, in lines of limited length. */
export function labelOf(edge: ChartEdge): string[] {
  const actions = edge.actions.length > 0 ? wrapped(`/ ${edge.actions.join(', ')}`) : []
  return [...wrapped(conditionText(edge)), ...actions]
}

export function conditionText({ trigger, guard }: ChartEdge): string {
  return guard === null ? triggerText(trigger) : `${triggerText(trigger)} [${guard}]`
}

function rowText(edge: ChartEdge): string {
  const actions = edge.actions.length > 0 ? ` / ${edge.actions.join(', ')}` : ''
  const end = { leaves: '', enters: ` -> ${edge.targets}`, restarts: ' (restarts)', stays: '' }
  return `${conditionText(edge)}${actions}${edge.kind === 'ignores' ? ' (ignored)' : end[edge.kind]}`
}

function triggerText(trigger: ChartTrigger): string {
  switch (trigger.kind) {
    case 'event':
      return trigger.event
    case 'after':
      return `after ${trigger.delay.name}`
    case 'done':
      return `${trigger.actor} done`
    case 'error':
      return `${trigger.actor} failed`
    case 'complete':
      return 'complete'
    case 'always':
      return 'always'
  }
}

function isLine({ source, kind }: ChartEdge): boolean {
  return kind === 'leaves' && source !== ''
}

function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last !== '' && last.length + word.length + 1 > labelChars) lines.push(`  ${word}`)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
