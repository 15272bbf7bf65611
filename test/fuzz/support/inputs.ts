import { appendFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, afterEach, expect } from 'vitest'
import { type ErrorCode, SessionError } from '../../../src/errors.js'

/** The same inputs on every run, unless `FUZZ_SEED` gives others. */
const seed = Number(process.env.FUZZ_SEED ?? 20_250_101)

/** `FUZZ_SCALE=10` tries ten times as many inputs wherever there are more to try. */
export const scale = Number(process.env.FUZZ_SCALE ?? 1)

const counts = { inputs: 0, failures: 0 }

/** Counts inputs that were tried outside of {@link holds}: those of tables and of exhaustive loops. */
export function tried(inputs = 1): void {
  counts.inputs += inputs
}

/**
 * Every input of `arbitrary` that is tried keeps the promise: `check` does not throw. A failure prints the shrunk
 * input, the seed and the path.
 * @param runs inputs tried at scale 1
 */
export async function holds<T>(
  runs: number,
  arbitrary: fc.Arbitrary<T>,
  check: (input: T) => Promise<unknown> | unknown,
): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (input) => {
    counts.inputs++
    await check(input)
  })
  await fc.assert(property, { seed, path: process.env.FUZZ_PATH, numRuns: Math.ceil(runs * scale) })
}

afterEach(({ task }) => {
  if (task.result?.state === 'fail') counts.failures++
})

afterAll(() => {
  const report = process.env.FUZZ_REPORT
  // One line a test file; the run's end adds them up (test/support/run.ts).
  if (report) appendFileSync(`${report}.lines`, `${JSON.stringify(counts)}\n`)
})

const errorCodes = {
  invalid: true,
  unavailable: true,
  denied: true,
  missing: true,
  exists: true,
  tooLarge: true,
  corrupt: true,
  undecided: true,
  fenced: true,
  leased: true,
  closed: true,
  locked: true,
  diskFull: true,
  timeout: true,
  ended: true,
} satisfies Record<ErrorCode, true>

/** What `work` was refused with; anything but a SessionError of the closed set of codes fails the test. */
export async function refusalOf(work: () => unknown): Promise<SessionError> {
  let error: unknown
  try {
    await work()
  } catch (thrown) {
    error = thrown
  }
  expect(error, 'nothing was refused').toBeInstanceOf(SessionError)
  expect(errorCodes).toHaveProperty((error as SessionError).code)
  return error as SessionError
}

/** The result of `work`, or the SessionError that refused it; any other error fails the test. */
export async function resultOrRefusal<T>(work: () => T | Promise<T>): Promise<T | SessionError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SessionError) return error
    throw error
  }
}
