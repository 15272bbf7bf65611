const figures = ({ figures }) => figures

const strategies = ['creds only', 'a file an object', 'archive', 'ours']
const stores = ['memory', 'memory-50ms', 'directory', 'supabase']
const cellLimit = 8

export const partNames = ['strategies', 'boot', 'fleet', 'steady', 'audit', 'memory', 'tenants']

/** What is measured for each of these parts, in this order. */
export function partsOf(names, quick) {
  const runs = runsOf(quick)
  return names.map((name) => ({ name, runs: runs[name] }))
}

function runsOf(quick) {
  return {
    strategies: [...cellRuns(quick), run('ratios', 'ratios', ({ cells }) => cells), ...sideBySideRuns(quick)],
    boot: bootRuns(quick),
    fleet: fleetRuns(quick),
    steady: steadyRuns(quick),
    audit: [run('an untouched session', 'audit', { files: quick ? 100 : 860 })],
    memory: memoryRuns(quick),
    tenants: tenantRuns(quick),
  }
}

/** @param options for the measurement, or what gives them from the report so far */
function run(title, script, options, becomes = figures) {
  return { title, script, options, becomes }
}

function cellRuns(quick) {
  const runs = []
  for (const files of quick ? [60] : [860, 5_000, 30_000]) {
    for (const store of storesFor(files)) {
      for (const strategy of strategies) {
        const rounds = quick ? 1 : roundsOf(strategy, store, files)
        const options = { strategy, store, files, limit: cellLimit, rounds }
        runs.push(run(`${files} files, ${store}, ${strategy}`, 'strategyCell', options, keepIn('cells')))
      }
    }
  }
  return runs
}

/** The larger sizes only where every strategy can take part: a request a file of 50 ms takes minutes there. */
function storesFor(files) {
  if (files > 5_000) return ['directory']
  return files > 860 ? ['supabase'] : stores
}

/** A median of one is no median; but what waits for 860 requests of 50 ms is the mean of as many. */
function roundsOf(strategy, store, files) {
  if (files > 860) return 1
  if (strategy === 'a file an object') return store === 'memory-50ms' ? 2 : 3
  return store === 'memory-50ms' ? 11 : 3
}

function keepIn(list) {
  return (outcome, report) => {
    report[list].push(outcome)
    return []
  }
}

function sideBySideRuns(quick) {
  const options = quick
    ? { tenants: 4, files: 60, limit: 64, latencyMs: 10, seconds: 1, booted: 2 }
    : { tenants: 50, files: 860, limit: 64, latencyMs: 50, seconds: 5, booted: 5 }
  return strategies.map((strategy) =>
    run(
      `${options.tenants} tenants, ${strategy}`,
      'sideBySide',
      { ...options, strategy },
      keepIn('sideBySide'),
    ),
  )
}

/** A session has 860 files after pairing; one of 60 shows what a tenant costs beside its files. */
function bootRuns(quick) {
  const [tenants, sizes] = quick ? [20, { boot: 40, bootSmall: 20 }] : [1_000, { boot: 860, bootSmall: 60 }]
  return Object.entries(sizes).map(([id, files]) =>
    run(`${tenants} tenants of ${files} files on an empty disk`, 'boot', {
      id,
      tenants,
      files,
      limit: 64,
      latencyMs: 50,
    }),
  )
}

function fleetRuns(quick) {
  // More rounds would all be due for a cumulative at once, which no fleet is.
  const [tenants, files, rounds] = quick ? [40, 40, 2] : [1_000, 60, 5]
  const options = { tenants, files, rounds, limit: 64, latencyMs: 50 }
  return [run(`${tenants} tenants at 50 ms, limit 64`, 'fleet', options)]
}

function steadyRuns(quick) {
  const [tenants, seconds] = quick ? [20, 1] : [1_000, 8]
  const common = { tenants, files: 60, seconds }
  const overload = (id, latencyMs, limit) =>
    run(`a file a second each, ${latencyMs} ms, limit ${limit}`, 'overloadFigures', {
      ...common,
      id,
      latencyMs,
      limit,
    })
  return [
    run('a file a second each, 10 ms, limit 64', 'steadyFigures', { ...common, latencyMs: 10, limit: 64 }),
    ...(quick
      ? [overload('overload', 50, 1), overload('heavy', 100, 1)]
      : [overload('overload', 50, 16), overload('heavy', 200, 16)]),
  ]
}

function memoryRuns(quick) {
  const sizes = quick
    ? [
        ['memory', 40, 4, 10],
        ['memorySmall', 20, 4, 10],
      ]
    : [
        ['memory', 860, 100, 600],
        ['memorySmall', 60, 200, 800],
      ]
  return [
    ...sizes.map(([id, files, few, many]) =>
      run(`${many} tenants of ${files} files`, 'memory', {
        id,
        files,
        few,
        many,
        settleMs: quick ? 200 : 1_500,
      }),
    ),
    run('idle actors', 'actors', { tenants: quick ? 50 : 10_000 }),
  ]
}

/** For the plot: how throughput and RPO go with the number of tenants, and how with the other strategies. */
function tenantRuns(quick) {
  const common = { files: 60, limit: 64, latencyMs: 50, seconds: quick ? 1 : 4 }
  const ofOurs = (quick ? [2, 5] : [10, 100, 1_000, 2_000]).map((tenants) =>
    run(`${tenants} tenants, ours`, 'steady', { ...common, tenants }, (outcome, { plot }) => {
      plot.push({ ...outcome, strategy: 'ours', tenants, rpo: outcome.ages })
      return []
    }),
  )
  const ofOthers = strategies
    .slice(1, 3)
    .flatMap((strategy) =>
      (quick ? [2, 5] : [10, 300, 1_000]).map((tenants) =>
        run(
          `${tenants} tenants, ${strategy}`,
          'sideBySide',
          { ...common, tenants, strategy, booted: 0 },
          pointOf,
        ),
      ),
    )
  return [...ofOurs, ...ofOthers]
}

function pointOf({ strategy, tenants, steady }, { plot }) {
  const { rpo, changesPerSecond } = steady
  plot.push({ strategy, tenants, rpo, changesPerSecond })
  return []
}
