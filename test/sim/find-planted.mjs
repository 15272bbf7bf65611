import { bundle } from './bundle.mjs'
import { planted, tuning } from './planted.mjs'
import { Pool } from './pool.mjs'

/** A bug that so many seeds do not find counts as missed. */
const limit = 4_000
const seedsPerTask = 20

/** Plants each bug in turn. @returns `{ bug, foundAfterSeeds }` of each, null when it was missed */
export async function findPlanted(workers, tell, only = planted) {
  const results = []
  const { path, remove } = await bundle('unplanted', tuning)
  const unplanted = new Pool(path, 1)
  try {
    for (const bug of only) {
      const foundAfterSeeds = await seedsUntilFound(bug, workers, unplanted)
      const found = foundAfterSeeds === null ? 'MISSED' : `found after ${foundAfterSeeds} seeds`
      tell(`planted ${bug.name}: ${found}`)
      results.push({ bug: bug.name, foundAfterSeeds })
    }
  } finally {
    unplanted.close()
    await remove()
  }
  return results
}

async function seedsUntilFound({ name, edits }, workers, unplanted) {
  const { path, remove } = await bundle(name, [...tuning, ...edits])
  const pool = new Pool(path, workers)
  try {
    for (let from = 1; from <= limit; from += seedsPerTask * workers) {
      const ranges = Array.from({ length: workers }, (_, n) => from + n * seedsPerTask)
      const parts = await Promise.all(
        ranges.map((at) => pool.run({ from: at, to: at + seedsPerTask, untilFound: true })),
      )
      const seeds = parts.flatMap(({ found }) => found.map(({ seed }) => seed)).sort((a, b) => a - b)
      for (const seed of seeds) {
        // It is the bug that is found only if the seed holds without it.
        const { found } = await unplanted.run({ from: seed, to: seed + 1 })
        if (found.length === 0) return seed
      }
    }
    return null
  } finally {
    pool.close()
    await remove()
  }
}
