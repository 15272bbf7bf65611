import type { AnyStateMachine } from 'xstate'
import { linkMachine, tenantMachine } from '../../machines/index.js'
import { type Mutant, mutantsOf } from './mutants.js'
import { promises } from './promises.js'
import { machineReplays, type Replay, supervisorReplays } from './replays.js'
import { inPlaceOf } from './surgery.js'

/** Who found a mutant: the supervisor's paths, the machines' paths, or a promise in words. */
export type Hunter = 'supervisor' | 'machines' | 'promises'

/** Everything that a mutant is let loose on, and in which order. */
export class Hunt {
  readonly mutants: readonly Mutant[]
  readonly #supervisor: Replay[]
  readonly #machines: Replay[]

  constructor() {
    this.mutants = [
      ...mutantsOf(tenantMachine as AnyStateMachine),
      ...mutantsOf(linkMachine as AnyStateMachine),
    ]
    this.#supervisor = supervisorReplays()
    this.#machines = machineReplays()
  }

  /** The first that finds it, with what it saw; null: it survives them all. */
  async find(mutant: Mutant): Promise<{ by: Hunter; seen: string } | null> {
    const isTenant = mutant.machine.id === 'tenant'
    return await inPlaceOf(isTenant ? { tenant: mutant.machine } : { link: mutant.machine }, async () => {
      for (const [by, name, check] of this.#checksFor(mutant)) {
        const seen = await check().then(
          () => null,
          (error: unknown) => `${name}\n${error instanceof Error ? error.message : error}`,
        )
        if (seen !== null) return { by, seen }
      }
      return null
    })
  }

  /** The shortest paths through what is changed first, at either level; then everything. */
  *#checksFor(mutant: Mutant): Generator<[Hunter, string, () => Promise<unknown>]> {
    const supervisor = nearFirst(this.#supervisor, mutant)
    const machines = nearFirst(this.#machines, mutant)
    const few = 5
    yield* supervisor.slice(0, few).map(checkOf)
    yield* machines.slice(0, few).map(checkOf)
    for (const { name, check } of promises) yield ['promises', name, check]
    yield* machines.slice(few).map(checkOf)
    yield* supervisor.slice(few).map(checkOf)
  }
}

function checkOf(replay: Replay): [Hunter, string, () => Promise<unknown>] {
  return [replay.level, replay.name, () => replay.run()]
}

function nearFirst(replays: readonly Replay[], { machine, at }: Mutant): Replay[] {
  if (at === null) return [...replays].sort((a, b) => b.steps.length - a.steps.length)
  const start = `${machine.id}:${at.path}|`
  const event = at.event.replace(/^after /, '').replace(/ (done|failed)$/, '')
  const near = (replay: Replay) =>
    [...replay.taken].some((id) => id.startsWith(start) && id.slice(start.length).includes(event))
  const through = replays.filter(near).sort((a, b) => a.steps.length - b.steps.length)
  const rest = replays.filter((replay) => !near(replay))
  return [...spread(through), ...rest]
}

/** Short ones first, but not all of the same length: what a change breaks may show later on the way. */
function spread(replays: readonly Replay[]): Replay[] {
  const step = Math.max(1, Math.floor(replays.length / 3))
  const first = [0, step, 2 * step].flatMap((at) => replays.slice(at, at + 2))
  return [...new Set([...first, ...replays])]
}
