import { figureList } from '../../bench/figure-list.mjs'
import { figuresOf } from '../../bench/figures.js'

const strategies = ['creds only', 'a file an object', 'archive', 'ours']
const operations = ['first backup', '20 changed', 'nothing changed', 'audit', 'restore']

/** A whole run's report with figures as wide as they come. */
export function wideReport() {
  const cost = { wallMs: 123_456.7, cpuMs: 98_765.4, requests: 30_001, bytesUp: 20_440 * 1_024 }
  const rpo = { p50: 12_345.6, p99: 23_456.7, max: 34_567.8 }
  const at = 'x'.repeat(78)
  const rows = operations.map((operation) => ({ operation, ...cost }))
  const fleet = {
    tenants: 1_000,
    files: 860,
    latencyMs: 50,
    limit: 64,
    booted: 100,
    seconds: 10,
    drain: cost,
    boot: cost,
    peakRssBytes: 2 ** 31,
  }
  return {
    machine: { cpu: 'a processor', cores: 2, memoryGiB: 24, node: '20.20.2', platform: 'linux x64' },
    dir: '/dev/shm',
    seconds: 360,
    quick: false,
    figures: Object.keys(figureList).flatMap((id) => figuresOf(at, { [id]: 12_345.6 })),
    cells: [860, 30_000].flatMap((files) =>
      strategies.map((strategy) => ({
        strategy,
        store: 'memory',
        files,
        limit: 8,
        rows,
        peakRssBytes: 2 ** 31,
      })),
    ),
    sideBySide: strategies.map((strategy) => ({
      ...fleet,
      strategy,
      steady: { ...cost, rpo, changesPerSecond: 1_000, neverDurable: 0.95 },
    })),
    plot: strategies.slice(1).flatMap((strategy) =>
      [10, 1_000, 2_000].map((tenants) => ({
        strategy,
        tenants,
        rpo,
        changesPerSecond: tenants * 0.9,
        cpuMsPerCommit: 1.1,
        bytesPerCommit: 1_500,
      })),
    ),
  }
}
