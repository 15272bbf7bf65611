import { type Cost, cost, peakRssGrowth, percentile } from '../measure.js'
import { temporaryDirectory } from '../rig.js'
import { busyNames, type Files, generateSession, rewritten } from '../sessions.js'
import type { Traffic } from '../slow-store.js'
import type { Fleet } from '../strategies/fleet.js'
import { fleetOfOthers } from '../strategies/fleet-of-others.js'
import { fleetOfOurs } from '../strategies/fleet-of-ours.js'
import type { StrategyName } from '../strategies/others.js'
import { trafficOf } from '../traffic.js'

export interface SideBySideOptions {
  readonly strategy: StrategyName
  readonly tenants: number
  readonly files: number
  /** Requests at a time, of all tenants together. */
  readonly limit: number
  readonly latencyMs: number
  readonly seconds: number
  /** Tenants that are restored on an empty disk at the end; 0 for none, and no SIGTERM before it. */
  readonly booted: number
}

export interface RequestCost extends Cost {
  readonly requests: number
  readonly bytesUp: number
}

export interface SteadyCost extends RequestCost {
  readonly rpo: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Changes made durable while as many as ever were made, a second. */
  readonly changesPerSecond: number
  /** Share of the changes that no backup ever takes: 0 to 1. */
  readonly neverDurable: number
}

/**
 * One strategy with many tenants: each changes a file a second, one in twenty of them creds.json; then 20 files at SIGTERM;
 * then some are restored on an empty disk.
 */
export async function sideBySide(options: SideBySideOptions) {
  const { strategy, tenants, files, limit, latencyMs, seconds } = options
  const session = generateSession(files)
  const given = {
    tenants,
    session,
    limit,
    latency: { ms: latencyMs, jitter: 0.2 },
    path: temporaryDirectory(),
  }
  const fleet = await (strategy === 'ours' ? fleetOfOurs(given) : fleetOfOthers(strategy, given))
  const names = [
    ...busyNames(session, 21)
      .filter((name) => name !== 'creds.json')
      .slice(0, 19),
    'creds.json',
  ]
  const contents = Array.from({ length: 21 }, () => rewritten(session, names))
  const load = trafficOf(fleet.writers, contents)
  const measured = await peakRssGrowth(async () => {
    const warmUp = await load(Math.min(2, seconds))
    const steady = await steadyCost(fleet, { load, seconds, warmUp })
    return { steady, drain: options.booted > 0 ? await drainCost(fleet, contents) : null }
  })
  const boot = options.booted > 0 ? await bootCost(fleet, options.booted) : null
  return { ...options, ...measured.result, boot, peakRssBytes: measured.peakRssBytes }
}

export type SideBySide = Awaited<ReturnType<typeof sideBySide>>

async function steadyCost(
  fleet: Fleet,
  { load, seconds, warmUp }: { load: (seconds: number) => Promise<number>; seconds: number; warmUp: number },
): Promise<SteadyCost> {
  const { ages } = fleet
  ages.length = 0
  const before = fleet.durable()
  let written = 0
  const taken = await requestCost(fleet.traffic, async () => {
    written = await load(seconds)
  })
  const changesPerSecond = (fleet.durable() - before) / seconds
  await fleet.settled()
  const rpo = { p50: percentile(ages, 50), p99: percentile(ages, 99), max: Math.max(...ages) }
  return { ...taken, rpo, changesPerSecond, neverDurable: fleet.left() / (warmUp + written) }
}

async function drainCost(fleet: Fleet, contents: Files[]): Promise<RequestCost> {
  for (const [n, writer] of fleet.writers.entries()) {
    for (const [name, content] of contents[n % contents.length]!) await writer(name, content)
  }
  return await requestCost(fleet.traffic, () => fleet.drain())
}

async function bootCost(fleet: Fleet, tenants: number): Promise<RequestCost> {
  const restore = await fleet.elsewhere(tenants)
  return await requestCost(fleet.traffic, restore)
}

async function requestCost(counted: Traffic, work: () => Promise<unknown>): Promise<RequestCost> {
  const { requests, bytesUp } = counted
  const taken = await cost(work)
  return { ...taken, requests: counted.requests - requests, bytesUp: counted.bytesUp - bytesUp }
}
