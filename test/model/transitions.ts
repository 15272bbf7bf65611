import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** A transition's name: `machine:state path|event|index among the candidates`, e.g. `tenant:connected.clean|files.changed|0`. */
export type TransitionId = string

/** The event of transitions without one. */
export const always = 'always'

const names = new WeakMap<AnyTransitionDefinition, TransitionId>()

/** Every transition of a machine: for events, delays and the ends of actors, targetless ones and `always` included. */
export function transitionsOf(machine: AnyStateMachine): TransitionId[] {
  return nodesOf(machine.root).flatMap((node) => candidatesOf(node).map((transition) => idOf(transition)))
}

/** Those of them that are guarded. */
export function guardedTransitionsOf(machine: AnyStateMachine): TransitionId[] {
  return nodesOf(machine.root).flatMap((node) =>
    candidatesOf(node)
      .filter(({ guard }) => guard !== undefined)
      .map((transition) => idOf(transition)),
  )
}

export function idOf(transition: AnyTransitionDefinition): TransitionId {
  const known = names.get(transition)
  if (known !== undefined) return known
  const { source } = transition
  for (const [event, candidates] of groupsOf(source)) {
    for (const [index, candidate] of candidates.entries()) names.set(candidate, nameOf(source, event, index))
  }
  return names.get(transition) ?? `${source.machine.id}:${source.path.join('.')}|unknown`
}

export function nameOf(node: AnyStateNode, event: string, index: number): TransitionId {
  return `${node.machine.id}:${node.path.join('.')}|${event}|${index}`
}

/** Candidates by event, in the order in which they are tried. */
function groupsOf(node: AnyStateNode): [event: string, candidates: AnyTransitionDefinition[]][] {
  return [...node.transitions, ...(node.always ? [[always, node.always] as const] : [])].map(
    ([event, candidates]) => [event, [...candidates]],
  )
}

function candidatesOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return groupsOf(node).flatMap(([, candidates]) => candidates)
}

export function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...(Object.values(node.states) as AnyStateNode[]).flatMap((child) => nodesOf(child))]
}
