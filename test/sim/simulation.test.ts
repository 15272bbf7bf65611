import { describe, expect, it } from 'vitest'
import { findPlanted } from './find-planted.mjs'
import { type Fault, type Plan, planOf } from './plan.js'
import { planted } from './planted.mjs'
import { shrink } from './shrink.js'
import { simulate } from './simulation.js'

const calm: Plan = {
  seed: 7,
  hosts: 2,
  tenants: 2,
  lengthMs: 10_000,
  maxObjectBytes: 4 * 1024 * 1024,
  latencyMs: 20,
  faults: [],
}

async function traceOf(plan: Plan): Promise<string[]> {
  const lines: string[] = []
  await simulate(plan, (line) => void lines.push(line))
  return lines
}

// The long form, with 10,000 seeds and every planted bug, is `npm run test:sim`.
describe('simulated hosts, store, registry and WhatsApp', () => {
  it('keep every promise through the faults of 25 seeds', async () => {
    const struck = new Set<string>()
    for (let seed = 1; seed <= 25; seed++) {
      const outcome = await simulate(planOf(seed))
      expect(outcome.violations, `node test/sim/run.mjs --seed ${seed}`).toEqual([])
      for (const kind of Object.keys(outcome.struck)) struck.add(kind)
    }
    // Faults that never strike would prove nothing.
    for (const kind of ['kill', 'kill.wiped', 'pause', 'deploy', 'store.lostAfter', 'registry.late']) {
      expect([...struck]).toContain(kind)
    }
  })

  it('pair, commit and come to rest without any fault', async () => {
    const outcome = await simulate(calm)
    expect(outcome.violations).toEqual([])
    expect(outcome.struck).toEqual({})
    expect(outcome.pairings).toBe(2)
    expect(outcome.commits).toBeGreaterThan(4)
  })

  it('do the same again for the same plan, to the last line', async () => {
    const plan = planOf(3)
    const first = await traceOf(plan)
    expect(first.length).toBeGreaterThan(100)
    expect(await traceOf(plan)).toEqual(first)
  })
})

describe('a planted bug', () => {
  it('is found', async () => {
    const bug = planted.filter(({ name }) => name === 'dirtyFlagClearedOnSuccess')
    const [result] = await findPlanted(2, () => {}, bug)
    expect(result!.foundAfterSeeds).toBeLessThan(100)
  }, 120_000)

  it('must still be there to be planted: an edit that no longer fits is refused', async () => {
    const gone = {
      name: 'gone',
      what: 'nothing',
      edits: [{ file: 'src/actors/backup.ts', from: 'no such line', to: '' }],
    }
    await expect(findPlanted(1, () => {}, [gone])).rejects.toThrow(
      /Expected exactly once in src\/actors\/backup.ts/,
    )
  })
})

describe('a failing plan', () => {
  const faults: Fault[] = Array.from({ length: 9 }, (_, n) => ({ atMs: n, kind: 'preKeysLow', tenant: 0 }))
  const all = faults.map((_, index) => index)
  const needs = (...wanted: number[]) => {
    return async (plan: Plan) => (wanted.every((at) => plan.faults.includes(faults[at]!)) ? 'lost' : null)
  }

  it.each([
    [[0]],
    [[3, 7]],
    [[0, 4, 8]],
    [[1, 2, 3, 4, 5, 6]],
  ])('is shrunk to the faults that it needs: %j', async (wanted) => {
    expect(await shrink({ ...calm, faults }, all, needs(...wanted))).toEqual(wanted)
  })

  it('is left as it is when it does not fail', async () => {
    expect(await shrink({ ...calm, faults }, all, async () => null)).toEqual(all)
  })
})
