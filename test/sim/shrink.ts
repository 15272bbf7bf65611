import type { Plan } from './plan.js'
import { simulate } from './simulation.js'

/**
 * The fewest faults of a plan that still end in its first violation: halves are left out, then quarters, then single
 * ones, until none can go.
 * @param kept indices into the plan's faults
 */
export async function shrink(plan: Plan, kept: readonly number[]): Promise<readonly number[]> {
  const first = await whatOf(plan, kept)
  if (first === null) return kept
  let needed = [...kept]
  for (let size = needed.length >> 1; size >= 1; ) {
    const smaller = await without(plan, needed, size, first)
    if (smaller) needed = smaller
    else size >>= 1
    size = Math.min(size, needed.length)
  }
  return needed
}

async function without(
  plan: Plan,
  needed: readonly number[],
  size: number,
  wanted: string,
): Promise<number[] | null> {
  for (let from = 0; from < needed.length; from += size) {
    const rest = needed.filter((_, at) => at < from || at >= from + size)
    if ((await whatOf(plan, rest)) === wanted) return rest
  }
  return null
}

/** The first violation's text without its figures, which change as the plan shrinks. */
async function whatOf(plan: Plan, kept: readonly number[]): Promise<string | null> {
  const { violations } = await simulate({ ...plan, faults: kept.map((index) => plan.faults[index]!) })
  return violations[0]?.what.replaceAll(/[\d:].*/g, '') ?? null
}
