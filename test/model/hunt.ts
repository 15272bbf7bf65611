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
        const seen = await Promise.race([seenBy(name, check), tooLong(name)])
        if (seen !== null) return { by, seen }
      }
      return null
    })
  }

  /** The shortest paths through what is changed first, at either level; then all that can show it. */
  *#checksFor(mutant: Mutant): Generator<[Hunter, string, () => Promise<unknown>]> {
    const machines = nearFirst(this.#machines, mutant)
    const supervisor = nearFirst(this.#supervisor, mutant)
    const few = 6
    yield* machines.slice(0, few).map(checkOf)
    yield* supervisor.slice(0, few).map(checkOf)
    yield* machines.slice(few).map(checkOf)
    for (const { name, check } of promises) yield ['promises', name, check]
    yield* supervisor.slice(few).map(checkOf)
  }
}

async function seenBy(name: string, check: () => Promise<unknown>): Promise<string | null> {
  try {
    await check()
    return null
  } catch (error) {
    return `${name}\n${error instanceof Error ? error.message : error}`
  }
}

/** No check takes a hundredth of this. */
async function tooLong(name: string): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 15_000).unref())
  return `${name}\nThe check does not come to an end.`
}

function checkOf(replay: Replay): [Hunter, string, () => Promise<unknown>] {
  return [replay.level, replay.name, () => replay.run()]
}

/** Those that can show it, the shortest that take a transition there for that event first. */
function nearFirst(replays: readonly Replay[], { machine, at }: Mutant): Replay[] {
  if (at === null) return spread(replays)
  const event = at.event.replace(/^after /, '').replace(/ (done|failed)$/, '')
  const place = `${machine.id}:${at.path}`
  const isThere = (state: string) => at.path === '' || state === place || state.startsWith(`${place}.`)
  const near: Replay[] = []
  const others: Replay[] = []
  for (const replay of replays) {
    const ids = [...replay.taken].filter((id) => isThere(id.slice(0, id.indexOf('|'))))
    const isNear = ids.some((id) => id.startsWith(`${place}|`) && id.includes(event))
    if (isNear) near.push(replay)
    else if (ids.length > 0 || [...replay.visited].some((state) => isThere(state))) others.push(replay)
  }
  return [...spread(near.sort((a, b) => a.steps.length - b.steps.length)), ...others]
}

/** Short ones first, but not all of the same length: what a change breaks may show later on the way. */
function spread(replays: readonly Replay[]): Replay[] {
  const step = Math.max(1, Math.floor(replays.length / 3))
  const first = [0, step, 2 * step].flatMap((at) => replays.slice(at, at + 2))
  return [...new Set([...first, ...replays])]
}
