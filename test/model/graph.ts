import { getAdjacencyMap } from 'xstate/graph'
import type { Effects } from './composed.js'
import type { TransitionId } from './transitions.js'

/** A model with named steps. */
export interface StepModel<State> {
  start(): State
  stepsFrom(state: State): string[]
  /** What the step makes of the state, and the transitions that it takes. */
  apply(state: State, step: string): { state: State; effects: Effects }
  /** Equal for states between which no guard and no step distinguishes: counters are clipped. */
  keyOf(state: State): string
  /** Leaf of the tenant's machine, for people and for choosing paths. */
  placeOf(state: State): string
}

/** One step at the end of a shortest path. */
export interface Edge {
  /** Steps from the start, this one last. */
  readonly steps: readonly string[]
  readonly taken: readonly TransitionId[]
  readonly place: string
}

interface Visited<State> {
  readonly state: State
  readonly taken: readonly TransitionId[]
  readonly depth: number
}

/**
 * Every edge of the model's graph at the end of a shortest path to it. The graph is xstate/graph's: the machines with
 * their messages, not one machine, are its logic, since `getAdjacencyMap` of a machine alone loses what it sends to
 * the machine that it invokes.
 * @param options.depth steps at most; breadth first, so no shorter path is missed
 */
export function edgesOf<State>(model: StepModel<State>, { depth }: { depth: number }): Edge[] {
  const logic = {
    transition: (visited: Visited<State>, { type }: { type: string }): Visited<State> => {
      const { state, depth } = visited
      const { state: next, effects } = model.apply(state, type)
      return { state: next, taken: effects.taken, depth: depth + 1 }
    },
    getInitialSnapshot: (): Visited<State> => ({ state: model.start(), taken: [], depth: 0 }),
  }
  const adjacency = getAdjacencyMap(logic as never, {
    limit: 1_000_000,
    stopWhen: ((visited: Visited<State>) => visited.depth >= depth) as never,
    events: (({ state }: Visited<State>) => model.stepsFrom(state).map((type) => ({ type }))) as never,
    serializeState: (({ state }: Visited<State>) => model.keyOf(state)) as never,
    serializeEvent: (({ type }: { type: string }) => type) as never,
  }) as unknown as Record<string, Node<State>>
  return edgesIn(adjacency, model)
}

interface Node<State> {
  readonly state: Visited<State>
  readonly transitions: Record<string, { readonly state: Visited<State> }>
}

/** `getAdjacencyMap` goes breadth first, so the order of its keys is that of the distance from the start. */
function edgesIn<State>(adjacency: Record<string, Node<State>>, model: StepModel<State>): Edge[] {
  const paths = new Map<string, readonly string[]>()
  const edges: Edge[] = []
  for (const [key, { state, transitions }] of Object.entries(adjacency)) {
    const before = paths.get(key) ?? []
    paths.set(key, before)
    for (const [step, { state: next }] of Object.entries(transitions)) {
      const steps = [...before, step]
      const nextKey = model.keyOf(next.state)
      if (!paths.has(nextKey)) paths.set(nextKey, steps)
      edges.push({ steps, taken: next.taken, place: model.placeOf(state.state) })
    }
  }
  return edges
}

/** The shortest edge for each set of transitions taken from each leaf; those that lie on another's way are left out. */
export function shortestByTransition(edges: readonly Edge[]): Edge[] {
  const chosen = new Map<string, Edge>()
  for (const edge of edges) {
    if (edge.taken.length === 0) continue
    const key = `${edge.place} ${edge.taken.join(' ')}`
    const known = chosen.get(key)
    if (known === undefined || known.steps.length > edge.steps.length) chosen.set(key, edge)
  }
  const ways = new Set([...chosen.values()].map(({ steps }) => steps.slice(0, -1).join(' > ')))
  const before = new Set([...ways].flatMap((way) => prefixesOf(way)))
  return [...chosen.values()].filter(({ steps }) => !before.has(steps.join(' > ')))
}

function prefixesOf(way: string): string[] {
  const steps = way.split(' > ')
  return steps.map((_, index) => steps.slice(0, index + 1).join(' > '))
}
