import type { Plan } from './plan.js'
import { simulate } from './simulation.js'

/**
 * The fewest faults of a plan that still end in its first violation: halves are left out, then quarters, then single
 * ones, until none can go.
 * @param kept indices into the plan's faults
 * @param violationOf runs a plan; the kind of its first violation, null when there is none
 */
export async function shrink(
  plan: Plan,
  kept: readonly number[],
  violationOf: (plan: Plan) => Promise<string | null> = firstViolation,
): Promise<readonly number[]> {
  const whatOf = (indices: readonly number[]) =>
    violationOf({ ...plan, faults: indices.map((index) => plan.faults[index]!) })
  const first = await whatOf(kept)
  if (first === null) return kept
  let needed = [...kept]
  for (let size = needed.length >> 1; size >= 1; ) {
    const smaller = await without(needed, size, async (rest) => (await whatOf(rest)) === first)
    if (smaller) needed = smaller
    else size >>= 1
    size = Math.min(size, needed.length)
  }
  return needed
}

async function without(
  needed: readonly number[],
  size: number,
  failsToo: (rest: readonly number[]) => Promise<boolean>,
): Promise<number[] | null> {
  for (let from = 0; from < needed.length; from += size) {
    const rest = needed.filter((_, at) => at < from || at >= from + size)
    if (await failsToo(rest)) return rest
  }
  return null
}

/** The violation's text without its figures, which change as the plan shrinks. */
async function firstViolation(plan: Plan): Promise<string | null> {
  const { violations } = await simulate(plan)
  return violations[0]?.what.replaceAll(/[\d:].*/g, '') ?? null
}
