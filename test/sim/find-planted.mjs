import { bundle } from './bundle.mjs'
import { planted, tuning } from './planted.mjs'
import { Pool } from './pool.mjs'

/** A bug that so many seeds do not find counts as missed. */
const limit = 4_000
const seedsPerTask = 20

/** Plants each bug in turn. @returns `{ bug, foundAfterSeeds }` of each, null when it was missed */
export async function findPlanted(workers, tell, only = planted) {
  const results = []
  for (const bug of only) {
    const foundAfterSeeds = await seedsUntilFound(bug, workers)
    tell(
      `planted ${bug.name}: ${foundAfterSeeds === null ? 'MISSED' : `found after ${foundAfterSeeds} seeds`}`,
    )
    results.push({ bug: bug.name, foundAfterSeeds })
  }
  return results
}

async function seedsUntilFound({ name, edits }, workers) {
  const { path, remove } = await bundle(name, [...tuning, ...edits])
  const pool = new Pool(path, workers)
  try {
    for (let from = 1; from <= limit; from += seedsPerTask * workers) {
      const ranges = Array.from({ length: workers }, (_, n) => from + n * seedsPerTask)
      const parts = await Promise.all(
        ranges.map((at) => pool.run({ from: at, to: at + seedsPerTask, untilFound: true })),
      )
      const seeds = parts.flatMap(({ found }) => found.map(({ seed }) => seed))
      if (seeds.length > 0) return Math.min(...seeds)
    }
    return null
  } finally {
    pool.close()
    await remove()
  }
}
