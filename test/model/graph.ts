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
  /** Where each machine is, by its id. */
  placesOf(state: State): Places
}

/** Leaf by machine. */
export type Places = Readonly<Record<'tenant' | 'link', string>>

/** One step at the end of a shortest path. */
export interface Edge {
  /** Steps from the start, this one last. */
  readonly steps: readonly string[]
  readonly taken: readonly TransitionId[]
  readonly places: Places
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
      edges.push({ steps, taken: next.taken, places: model.placesOf(state.state) })
    }
  }
  return edges
}

/**
 * For each machine, each of its leaves, each step and each set of transitions that it takes from there, a shortest
 * edge; those that lie on another's way are left out.
 */
export function shortestByTransition(edges: readonly Edge[]): Edge[] {
  const seen = new Set<string>()
  const chosen: Edge[] = []
  for (const edge of [...edges].sort((a, b) => a.steps.length - b.steps.length)) {
    const keys = keysOf(edge).filter((key) => !seen.has(key))
    if (keys.length === 0) continue
    for (const key of keys) seen.add(key)
    chosen.push(edge)
  }
  const before = new Set(chosen.flatMap(({ steps }) => prefixesOf(steps.slice(0, -1))))
  return chosen.filter(({ steps }) => !before.has(steps.join(' > ')))
}

/** One for each machine that takes a transition: where it was, what happened, what it took. A timer may also ring for nothing. */
function keysOf({ places, taken, steps }: Edge): string[] {
  const step = steps.at(-1)!
  if (taken.length === 0 && step.startsWith('after ')) return [`${places.tenant} ${step}`]
  return Object.entries(places).flatMap(([machine, place]) => {
    const own = taken.filter((id) => id.startsWith(`${machine}:`))
    return own.length === 0 ? [] : [`${place} ${step} ${own.join(' ')}`]
  })
}

function prefixesOf(steps: readonly string[]): string[] {
  return steps.map((_, index) => steps.slice(0, index + 1).join(' > '))
}
