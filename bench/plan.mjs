const figures = ({ figures }) => figures

const strategies = ['creds only', 'a file an object', 'archive', 'ours']
const stores = ['memory', 'memory-50ms', 'directory', 'supabase']
const cellLimit = 8

/** Parts in the order in which they run; without names, all of them. */
export function partsOf(names, quick) {
  const parts = allParts(quick)
  const unknown = names.filter((name) => !(name in parts))
  if (unknown.length > 0) {
    throw new Error(`No part is called ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`)
  }
  return (names.length === 0 ? Object.keys(parts) : names).map((name) => ({ name, runs: parts[name] }))
}

function allParts(quick) {
  return {
    strategies: strategyRuns(quick),
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

function strategyRuns(quick) {
  const runs = []
  for (const files of quick ? [60] : [860, 5_000, 30_000]) {
    for (const store of stores) {
      for (const strategy of strategies) {
        if (isTooSlow(strategy, store, files)) continue
        runs.push(
          run(
            `${files} files, ${store}, ${strategy}`,
            'strategyCell',
            { strategy, store, files, limit: cellLimit },
            keep,
          ),
        )
      }
    }
  }
  return [...runs, run('ratios', 'ratios', ({ cells }) => cells)]
}

/** A request a file takes minutes there; what it takes follows from the smaller ones. */
function isTooSlow(strategy, store, files) {
  if (strategy !== 'a file an object') return false
  return (store === 'memory-50ms' && files > 860) || (store === 'supabase' && files > 5_000)
}

function keep(cell, report) {
  report.cells.push(cell)
  return []
}

/** A session has 860 files after pairing; one of 60 shows what a tenant costs beside its files. */
function bootRuns(quick) {
  const [tenants, sizes] = quick ? [20, [40]] : [1_000, [60, 860]]
  return sizes.map((files) => {
    const title = `${tenants} tenants of ${files} files on an empty disk at 50 ms, limit 64`
    return run(title, 'boot', { tenants, files, limit: 64, latencyMs: 50 })
  })
}

function fleetRuns(quick) {
  const tenants = quick ? 40 : 1_000
  return [
    run(`${tenants} tenants at 50 ms, limit 64`, 'fleet', {
      tenants,
      files: quick ? 40 : 60,
      limit: 64,
      latencyMs: 50,
    }),
  ]
}

function steadyRuns(quick) {
  const [tenants, seconds] = quick ? [40, 1] : [1_000, 10]
  const common = { tenants, files: 60, seconds }
  const overload = (latencyMs, limit) =>
    run(`a file a second each, ${latencyMs} ms, limit ${limit}`, 'overloadFigures', {
      ...common,
      latencyMs,
      limit,
    })
  return [
    run('a file a second each, 10 ms, limit 64', 'steadyFigures', { ...common, latencyMs: 10, limit: 64 }),
    ...(quick ? [] : [overload(50, 16), overload(200, 16)]),
  ]
}

function memoryRuns(quick) {
  const sizes = quick
    ? [[40, 5, 10]]
    : [
        [60, 200, 1_200],
        [860, 100, 400],
      ]
  return [
    ...sizes.map(([files, few, many]) =>
      run(`${many} tenants of ${files} files`, 'memory', { files, few, many }),
    ),
    run('idle actors', 'actors', { tenants: quick ? 50 : 10_000 }),
  ]
}

/** For the plot: how throughput and RPO go with the number of tenants. */
function tenantRuns(quick) {
  return (quick ? [5] : [10, 30, 100, 300, 1_000, 2_000]).map((tenants) => {
    const options = { tenants, files: 60, limit: 64, latencyMs: 50, seconds: quick ? 1 : 6 }
    return run(`${tenants} tenants`, 'steady', options, (outcome, { plot }) => {
      plot.push({ tenants, ...outcome })
      return []
    })
  })
}
