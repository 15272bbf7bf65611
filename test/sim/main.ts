import { planOf } from './plan.js'
import { shrink } from './shrink.js'
import { simulate } from './simulation.js'

/*
 * One worker of `run.mjs`: `{ seeds: [from, to) }` or `{ seed, keep?, trace? }` by message, an answer for each. The
 * parent bundles this file, so that thousands of seeds run without a loader, and with a bug planted when asked.
 */
interface Range {
  readonly from: number
  readonly to: number
  /** Ends at the first violation. */
  readonly untilFound?: boolean
}

interface Single {
  readonly seed: number
  /** Indices of the faults to keep; all when left out. */
  readonly keep?: readonly number[]
  readonly shrink?: boolean
}

process.on('message', (message: Range | Single) => {
  const work = 'from' in message ? runRange(message) : runSingle(message)
  work.then(
    (answer) => process.send!(answer),
    (error: unknown) =>
      process.send!({ failed: error instanceof Error ? (error.stack ?? '') : String(error) }),
  )
})

async function runRange({ from, to, untilFound = false }: Range) {
  const struck: Record<string, number> = {}
  const found: { seed: number; violations: readonly object[] }[] = []
  let pairings = 0
  let commits = 0
  let lastedMs = 0
  let seeds = 0
  for (let seed = from; seed < to; seed++) {
    const outcome = await simulate(planOf(seed))
    seeds++
    pairings += outcome.pairings
    commits += outcome.commits
    lastedMs += outcome.lastedMs
    for (const [kind, count] of Object.entries(outcome.struck)) struck[kind] = (struck[kind] ?? 0) + count
    if (outcome.violations.length > 0) found.push({ seed, violations: outcome.violations })
    if (untilFound && found.length > 0) break
  }
  return { seeds, struck, pairings, commits, lastedMs, found }
}

async function runSingle({ seed, keep, shrink: shrinks = false }: Single) {
  const whole = planOf(seed)
  const kept = keep ?? whole.faults.map((_, index) => index)
  const needed = shrinks ? await shrink(whole, kept) : kept
  const plan = { ...whole, faults: needed.map((index) => whole.faults[index]!) }
  const lines: string[] = []
  const outcome = await simulate(plan, (line) => void lines.push(line))
  return { plan, keep: needed, lines, outcome }
}
