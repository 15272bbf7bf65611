import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type Beginning, beginnings, PortModel, type World } from './port-model.js'
import { portSteps } from './port-steps.js'
import { SupervisorRig } from './supervisor-rig.js'

const seed = Number(process.env.WALK_SEED ?? 20_260_101)
const numRuns = Number(process.env.WALK_RUNS ?? 150)
/** Both together replay a walk that fast-check has shrunk. */
const path = process.env.WALK_PATH
const replayPath = process.env.WALK_REPLAY

/** Steps that end a session: rare, or every walk would be over before it has been anywhere. */
const ends =
  /^(stop|logout|another owner takes over|the link breaks|the socket closes with 401|after closeDeadline)/

interface Walk {
  readonly model: PortModel
  world: World
}

class Step implements fc.AsyncCommand<Walk, SupervisorRig> {
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  check({ model, world }: Readonly<Walk>): boolean {
    return world.tenant.status === 'active' && portSteps.get(this.#name)!.enabled(world, model.beginning)
  }

  async run(walk: Walk, rig: SupervisorRig): Promise<void> {
    const { state, effects } = walk.model.apply(walk.world, this.#name)
    await rig.take(this.#name)
    await rig.check(state, effects)
    walk.world = state
  }

  toString(): string {
    return this.#name
  }
}

/** Each step by its name; what ends a session is offered twenty times less often. */
const steps = [...portSteps.keys()].map((name) => fc.constant(new Step(name)))
const lively = [...portSteps.keys()]
  .filter((name) => !ends.test(name))
  .map((name) => fc.constant(new Step(name)))
const commands = fc.commands(
  Array.from({ length: 20 }, () => lively)
    .flat()
    .concat(steps),
  { maxCommands: 400, size: 'max', replayPath },
)

describe('random walks through the supervisor', () => {
  it.each(
    Object.keys(beginnings) as Beginning[],
  )('that begin with a session %s go as the model says', async (beginning) => {
    await fc
      .assert(
        fc.asyncProperty(commands, async (walk) => {
          const model = new PortModel(beginning)
          const rig = await SupervisorRig.begin(beginning)
          await fc.asyncModelRun(() => ({ model: { model, world: model.start() }, real: rig }), walk)
          await rig.end()
        }),
        {
          seed,
          numRuns,
          path,
        },
      )
      .catch((error: Error) => {
        const [, found = ''] = /path: "([^"]*)"/.exec(error.message) ?? []
        const [, replay = ''] = /replayPath="([^"]*)"/.exec(error.message) ?? []
        error.message += `\nagain: WALK_SEED=${seed} WALK_PATH=${found} WALK_REPLAY=${replay} npx vitest run test/model/walks.test.ts -t ${beginning}`
        throw error
      })
  })
})
