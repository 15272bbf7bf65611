/** Figures that a short run would never reach: a cumulative generation comes every fifth time instead of every 64th. */
export const tuning = [
  { file: 'src/replication/plan.ts', from: 'cumulativeEvery: 64', to: 'cumulativeEvery: 5' },
]
export const planted = []
