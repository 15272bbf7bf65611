import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figuresOf } from '../figures.js'
import { cost, longestStall, percentile, residentBytes } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName, untilProtected } from '../rig.js'
import { seedTenants } from '../seed.js'
import { changed, type Files, generateSession } from '../sessions.js'
import { type CountedStore, forgetful, slowStore } from '../slow-store.js'
import { trafficOf } from '../traffic.js'

export interface SteadyOptions {
  readonly tenants: number
  readonly files: number
  readonly limit: number
  readonly latencyMs: number
  readonly seconds: number
  readonly auditIntervalMs?: number
  /** Memory is looked at after each half of the load. */
  readonly inHalves?: boolean
}

export interface SteadyOutcome {
  readonly ages: { p50: number; p99: number; max: number }
  readonly commitsPerSecond: number
  /** Made durable in the seconds in which as many as ever were made. */
  readonly changesPerSecond: number
  readonly changesPerCommit: number
  readonly stallMs: number
  /** Resident memory after the second half of the load against that after the first; null when not asked for. */
  readonly rssGrowth: number | null
  /** Of the whole process: writing the files, the machines, the backups, and the load itself. */
  readonly cpuMsPerCommit: number
  readonly bytesPerCommit: number
  readonly commitsPerStatement: number
}

/** Each tenant changes a file a second, evenly spread, with the settings of production. */
export async function steady(options: SteadyOptions): Promise<SteadyOutcome> {
  const names = Array.from({ length: options.tenants }, (_, n) => tenantName(n))
  const session = generateSession(options.files)
  const objects = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  await seedTenants({ store: objects, registry }, names, session)
  const store = slowStore(forgetful(objects), { ms: options.latencyMs, jitter: 0.2 })
  const { limit: uploadConcurrency, auditIntervalMs = 300_000 } = options
  const settings = { uploadConcurrency, restoreConcurrency: 64, auditIntervalMs }
  const rig = await newRig({ store, registry, path: temporaryDirectory(), settings })
  const opened = rig.link.untilOpened(names.length)
  await rig.supervisor.resume()
  await opened
  const outcome = await measured(rig, { ...options, session, store })
  await rig.supervisor.shutdown()
  return outcome
}

async function measured(
  rig: Rig,
  { seconds, session, store, inHalves = false }: SteadyOptions & { session: Files; store: CountedStore },
): Promise<SteadyOutcome> {
  const contents = Array.from({ length: 50 }, () => changed(session, 20))
  const writers = [...rig.link.connections.values()].map(
    (connection) => (name: string, content: string) => connection.write(new Map([[name, content]])),
  )
  const load = trafficOf(writers, contents)
  // The first seconds compile and fill caches.
  await load(Math.min(2, seconds))
  rig.ages.length = 0
  const before = rig.changesCommitted
  store.reset()
  const statements = rig.registry.statements.commit ?? 0
  const taken = await loaded(load, { seconds, inHalves })
  const commits = rig.ages.length
  const changes = rig.changesCommitted - before
  const perStatement = commits / ((rig.registry.statements.commit ?? 0) - statements)
  const { bytesUp, requests } = store.traffic
  await untilProtected(rig)
  return {
    ...taken,
    ages: { p50: percentile(rig.ages, 50), p99: percentile(rig.ages, 99), max: Math.max(...rig.ages) },
    commitsPerSecond: commits / seconds,
    changesPerSecond: changes / seconds,
    changesPerCommit: changes / commits,
    cpuMsPerCommit: taken.cpuMs / commits,
    bytesPerCommit: bytesUp / requests,
    commitsPerStatement: perStatement,
  }
}

/** Garbage is collected, and nothing written meanwhile, after each half only: an RPO of a second would be that of the pause. */
async function loaded(
  load: (seconds: number) => Promise<unknown>,
  { seconds, inHalves }: { seconds: number; inHalves: boolean },
) {
  let cpuMs = 0
  const stalls: number[] = []
  const rss: number[] = []
  for (const part of inHalves ? [seconds / 2, seconds / 2] : [seconds]) {
    const stallMs = await longestStall(async () => {
      const taken = await cost(() => load(part))
      cpuMs += taken.cpuMs
    })
    stalls.push(stallMs)
    if (inHalves) rss.push(await residentBytes())
  }
  return { cpuMs, stallMs: Math.max(...stalls), rssGrowth: inHalves ? rss[1]! / rss[0]! : null }
}

export async function steadyFigures(options: SteadyOptions): Promise<{ figures: Figure[]; notes: string[] }> {
  const outcome = await steady({ ...options, auditIntervalMs: options.seconds * 1_000 })
  const { ages, stallMs, commitsPerSecond, ...units } = outcome
  return {
    figures: figuresOf(`${sizes(options)}, audits included`, {
      steadyP50: ages.p50,
      steadyP99: ages.p99,
      steadyMax: ages.max,
      steadyStall: stallMs,
    }),
    notes: [
      `${Math.round(commitsPerSecond)} commits a second: ${units.cpuMsPerCommit.toFixed(2)} ms CPU, ${Math.round(units.bytesPerCommit)} bytes, 1/${Math.round(units.commitsPerStatement)} statement each`,
    ],
  }
}

/** A store that takes less than the load: what RPO and memory do. */
export async function overloadFigures({
  id,
  ...options
}: SteadyOptions & {
  /** Of the figures, in front. */
  readonly id: string
}): Promise<{ figures: Figure[]; notes: string[] }> {
  const capacity = (options.limit * 1_000) / options.latencyMs
  const { ages, changesPerCommit, rssGrowth } = await steady({ ...options, inHalves: true })
  // Each tenant's turn comes once a round.
  const roundMs = (options.tenants / capacity) * 1_000
  return {
    figures: figuresOf(`${sizes(options)}: load ${(options.tenants / capacity).toFixed(1)} : 1`, {
      [`${id}Round`]: ages.p99 / roundMs,
      [`${id}Spread`]: ages.max / ages.p50,
      [`${id}Coalesced`]: changesPerCommit,
      [`${id}Memory`]: rssGrowth!,
    }),
    notes: [`RPO p50 ${Math.round(ages.p50)} ms, p99 ${Math.round(ages.p99)} ms`],
  }
}

function sizes({ tenants, latencyMs, limit }: SteadyOptions): string {
  return `${tenants.toLocaleString('en')} tenants × a change a second, ${latencyMs} ms ± 20 %, limit ${limit}`
}
