import { expect, it, type TestContext } from 'vitest'
import { startChild } from '../support/child.js'

interface Result {
  /** Cycles done, and bytes of heap in use then, after a collection of garbage. */
  readonly samples: readonly (readonly [cycles: number, bytes: number])[]
  /** Timers that are set when the supervisor has shut down. */
  readonly timersLeft: number
}

/** Start-stop cycles of one supervisor in a process of their own. */
async function cycles(
  { onTestFinished }: TestContext,
  mode: 'one' | 'many' | 'waiting',
  total: number,
  every: number,
): Promise<Result> {
  const child = startChild('leaks/cycles-child.ts', [mode, String(total), String(every)])
  onTestFinished(() => child.kill('SIGKILL'))
  return (await child.next()) as Result
}

/** Bytes a cycle: the slope of the line through the samples that lies closest to them. */
function slopeOf(samples: Result['samples']): number {
  const mean = (of: 0 | 1) => samples.reduce((sum, sample) => sum + sample[of], 0) / samples.length
  const [x, y] = [mean(0), mean(1)]
  const covered = samples.reduce((sum, [cycle, bytes]) => sum + (cycle - x) * (bytes - y), 0)
  return covered / samples.reduce((sum, [cycle]) => sum + (cycle - x) ** 2, 0)
}

const patient = 600_000

it.concurrent(
  '10,000 starts and stops of one tenant leave the heap flat, and no timer',
  async (context) => {
    const { samples, timersLeft } = await cycles(context, 'one', 10_000, 500)
    const settled = samples.filter(([done]) => done >= 2_000)
    expect(settled).toHaveLength(17)
    const slope = slopeOf(settled)
    console.log(`one tenant: ${slope.toFixed(1)} bytes a cycle, ${settled.at(-1)![1]} bytes at the end`)
    expect(slope).toBeLessThan(100)
    expect(timersLeft).toBe(0)
  },
  patient,
)

it.concurrent(
  '2,000 tenants started and stopped cost their row and their outcome, not their sessions',
  async (context) => {
    const { samples, timersLeft } = await cycles(context, 'many', 2_000, 200)
    const slope = slopeOf(samples.filter(([done]) => done >= 400))
    console.log(`many tenants: ${slope.toFixed(1)} bytes a tenant`)
    // The registry's row is in this heap too. A whole session took 140 kB.
    expect(slope).toBeLessThan(2_500)
    expect(timersLeft).toBe(0)
  },
  patient,
)

it(
  '500 tenants stopped before it could be told what their session is leave no copy of it in memory',
  async (context) => {
    const { samples } = await cycles(context, 'waiting', 500, 50)
    const slope = slopeOf(samples)
    console.log(`waiting tenants: ${slope.toFixed(1)} bytes a tenant`)
    // Each has a session of 20 kB on its disk.
    expect(slope).toBeLessThan(5_000)
  },
  patient,
)
