import { writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { linkMachine, tenantMachine } from '../../machines/index.js'
import { notByPorts } from './not-by-ports.js'
import { machineReplays, type Replay, supervisorReplays } from './replays.js'
import { GuardRecord, inPlaceOf } from './surgery.js'
import { transitionsOf } from './transitions.js'

const machines = { tenant: tenantMachine as AnyStateMachine, link: linkMachine as AnyStateMachine }
/** A busy machine takes its time; an idle one takes a twentieth of this. */
const patient = 400_000
const all = Object.values(machines).flatMap((machine) => transitionsOf(machine))

interface Walked {
  readonly paths: number
  readonly steps: number
  /** Transitions that the real machines took, as their inspection tells. */
  readonly taken: Set<string>
  readonly guards: GuardRecord
  readonly failures: string[]
}

async function walk(replays: readonly Replay[]): Promise<Walked> {
  const taken: string[] = []
  const failures: string[] = []
  const guards = new GuardRecord()
  const { tenant, link } = machines
  await inPlaceOf({ tenant: guards.watching(tenant), link: guards.watching(link) }, async () => {
    for (const replay of replays) {
      await replay.run(taken).catch((error: Error) => {
        failures.push(
          `${replay.name}\n${error.message}\nagain: REPLAY='${replay.name}' npx vitest run test/model/replay.test.ts`,
        )
      })
    }
  })
  const steps = replays.reduce((sum, { steps }) => sum + steps.length, 0)
  return { paths: replays.length, steps, taken: new Set(taken), guards, failures }
}

const walked: Record<string, Walked> = {}

describe('both machines, everything around them answering in every way', () => {
  it(
    'do on every path what the model says',
    async () => {
      walked.machines = await walk(machineReplays())
      expect(walked.machines.failures).toEqual([])
    },
    patient,
  )

  it('take every transition, and every guard says both', () => {
    expect(all.filter((id) => !walked.machines!.taken.has(id))).toEqual([])
    expect(walked.machines!.guards.all.length).toBeGreaterThan(30)
    expect(walked.machines!.guards.oneSided).toEqual([])
  })
})

describe('the supervisor, real down to its ports', () => {
  it(
    'does on every path what the model says, and leaves behind what it must when it ends',
    async () => {
      walked.supervisor = await walk(supervisorReplays())
      expect(walked.supervisor.failures).toEqual([])
    },
    patient,
  )

  it('takes every transition but those that no port can bring about', () => {
    const missed = all.filter((id) => !walked.supervisor!.taken.has(id))
    expect(missed.sort()).toEqual(Object.keys(notByPorts).sort())
  })
})

afterAll(() => {
  const file = process.env.MODEL_REPORT
  if (!file) return
  const taken = new Set(Object.values(walked).flatMap((each) => [...each.taken]))
  const guards = walked.machines?.guards
  const report = {
    transitions: { covered: all.filter((id) => taken.has(id)).length, of: all.length },
    guards: {
      bothWays: guards ? guards.all.length - guards.oneSided.length : 0,
      of: guards?.all.length ?? 0,
    },
    byPorts: all.filter((id) => walked.supervisor?.taken.has(id)).length,
    paths: Object.fromEntries(
      Object.entries(walked).map(([level, { paths, steps }]) => [level, { paths, steps }]),
    ),
  }
  writeFileSync(file, JSON.stringify(report))
})
