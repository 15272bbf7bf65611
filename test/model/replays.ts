import { type Edge, edgesOf, type StepModel, shortestByTransition } from './graph.js'
import { MachineModel } from './machine-model.js'
import { MachineRig } from './machine-rig.js'
import { type Beginning, beginnings, PortModel } from './port-model.js'
import { SupervisorRig } from './supervisor-rig.js'
import type { TransitionId } from './transitions.js'

/** A path that is replayed on the real thing and compared with the model after each step. */
export interface Replay {
  /** `machine` or where the supervisor begins, then the steps: what `replay.ts` takes. */
  readonly name: string
  readonly level: 'machines' | 'supervisor'
  readonly steps: readonly string[]
  /** Transitions on the way, by the model. */
  readonly taken: ReadonlySet<TransitionId>
  /** States that machines are in on the way, between steps, as `tenant:connected.clean`. */
  readonly visited: ReadonlySet<string>
  /** @throws Error at the first step after which the real thing is not as the model says */
  run(taken?: TransitionId[]): Promise<void>
}

/** Steps at most: with more, no place and no transition is reached that is not reached with fewer. */
const machineDepth = 8

/** Both machines as actors, everything around them answering as a step says. */
export function machineReplays(): Replay[] {
  return [true, false].flatMap((mayPair) => {
    const model = new MachineModel({ mayPair })
    const edges = shortestByTransition(edgesOf(model, { depth: machineDepth }))
    return edges.map((edge) => machineReplay(model, mayPair, edge.steps))
  })
}

export function machineReplay(model: MachineModel, mayPair: boolean, steps: readonly string[]): Replay {
  const name = `${mayPair ? 'machines' : 'machines, not allowed to pair'}: ${steps.join(' > ')}`
  const run = async (taken: TransitionId[] = []) => {
    const rig = new MachineRig({ tenantId: 'tenant', mayPair }, taken)
    let pair = model.start()
    try {
      for (const step of steps) {
        const { state, effects } = model.apply(pair, step)
        await rig.take(step, pair)
        rig.check(state, effects)
        pair = state
      }
    } finally {
      rig.stop()
    }
  }
  return { name, level: 'machines', steps, ...seenOn(model, steps), run }
}

/** The supervisor with one tenant, real down to its ports. */
export function supervisorReplays(): Replay[] {
  const replays: Replay[] = []
  for (const beginning of Object.keys(beginnings) as Beginning[]) {
    const model = new PortModel(beginning)
    const edges: Edge[] = shortestByTransition(edgesOf(model, beginnings[beginning]))
    for (const { steps } of edges) replays.push(supervisorReplay(model, steps))
  }
  return replays
}

export function supervisorReplay(model: PortModel, steps: readonly string[]): Replay {
  const { beginning } = model
  const run = async (taken: TransitionId[] = []) => {
    const rig = await SupervisorRig.begin(beginning, taken)
    let world = model.start()
    for (const step of steps) {
      const { state, effects } = model.apply(world, step)
      await rig.take(step)
      await rig.check(state, effects)
      world = state
    }
    await rig.end()
  }
  const name = `${beginning}: ${steps.join(' > ')}`
  return { name, level: 'supervisor', steps, ...seenOn(model, steps), run }
}

function seenOn<State>(model: StepModel<State>, steps: readonly string[]) {
  const taken = new Set<TransitionId>()
  const visited = new Set<string>()
  let state = model.start()
  const note = () => {
    for (const [machine, place] of Object.entries(model.placesOf(state))) visited.add(`${machine}:${place}`)
  }
  note()
  for (const step of steps) {
    const applied = model.apply(state, step)
    for (const id of applied.effects.taken) taken.add(id)
    state = applied.state
    note()
  }
  return { taken, visited }
}
