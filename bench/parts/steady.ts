import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figure } from '../figures.js'
import { cost, longestStall, percentile, residentBytes } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName, untilProtected } from '../rig.js'
import { seedTenants } from '../seed.js'
import { changed, type Files, generateSession } from '../sessions.js'
import { type CountedStore, slowStore } from '../slow-store.js'

export interface SteadyOptions {
  readonly tenants: number
  readonly files: number
  readonly limit: number
  readonly latencyMs: number
  readonly seconds: number
  readonly auditIntervalMs?: number
}

export interface SteadyOutcome {
  readonly ages: { p50: number; p99: number; max: number }
  readonly commitsPerSecond: number
  readonly changesPerCommit: number
  readonly stallMs: number
  readonly rssGrowthBytes: number
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
  const store = slowStore(objects, { ms: options.latencyMs, jitter: 0.2 })
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
  { seconds, session, store }: SteadyOptions & { session: Files; store: CountedStore },
): Promise<SteadyOutcome> {
  // The first seconds compile and fill caches.
  await traffic(rig, session, Math.min(3, seconds))
  await untilProtected(rig)
  rig.ages.length = 0
  const before = await residentBytes()
  let changes = 0
  let stallMs = 0
  store.reset()
  const statements = rig.registry.statements.commit ?? 0
  const { cpuMs } = await cost(async () => {
    stallMs = await longestStall(async () => {
      changes = await traffic(rig, session, seconds)
    })
  })
  const commits = rig.ages.length
  const perStatement = commits / ((rig.registry.statements.commit ?? 0) - statements)
  const { bytesUp, requests } = store.traffic
  await untilProtected(rig)
  const after = await residentBytes()
  return {
    ages: { p50: percentile(rig.ages, 50), p99: percentile(rig.ages, 99), max: Math.max(...rig.ages) },
    commitsPerSecond: commits / seconds,
    changesPerCommit: changes / commits,
    stallMs,
    rssGrowthBytes: after - before,
    cpuMsPerCommit: cpuMs / commits,
    bytesPerCommit: bytesUp / requests,
    commitsPerStatement: perStatement,
  }
}

/** Writes are due at fixed times, so that a process that falls behind does not slow its own load down. */
async function traffic(rig: Rig, session: Files, seconds: number): Promise<number> {
  const connections = [...rig.link.connections.values()]
  const contents = Array.from({ length: 50 }, () => changed(session, 20))
  const names = [...contents[0]!.keys()]
  const startedAt = performance.now()
  let written = 0
  while (written < connections.length * seconds) {
    const due = Math.min(
      connections.length * seconds,
      Math.floor(((performance.now() - startedAt) / 1_000) * connections.length),
    )
    for (; written < due; written++) {
      const name = names[Math.floor(written / connections.length) % names.length]!
      const content = contents[written % contents.length]!.get(name)!
      void connections[written % connections.length]!.write(new Map([[name, content]]))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return written
}

export async function steadyFigures(options: SteadyOptions): Promise<{ figures: Figure[]; notes: string[] }> {
  const { ages, stallMs, commitsPerSecond, ...units } = await steady({
    ...options,
    auditIntervalMs: options.seconds * 1_000,
  })
  return {
    figures: [
      figure('steady: RPO p50', ages.p50, 'ms'),
      figure('steady: RPO p99', ages.p99, 'ms', { most: 1_000 }),
      figure('steady: RPO max', ages.max, 'ms'),
      figure('steady: longest stall of the event loop, audits included', stallMs, 'ms', { most: 20 }),
    ],
    notes: [
      `${Math.round(commitsPerSecond)} commits a second, each ${units.cpuMsPerCommit.toFixed(2)} ms CPU, ${Math.round(units.bytesPerCommit)} bytes, 1/${Math.round(units.commitsPerStatement)} statement`,
    ],
  }
}

/** A store that takes a tenth and a fortieth of the load: what RPO and memory do. */
export async function overloadFigures(
  options: SteadyOptions,
): Promise<{ figures: Figure[]; notes: string[] }> {
  const capacity = (options.limit * 1_000) / options.latencyMs
  const { ages, changesPerCommit, rssGrowthBytes } = await steady(options)
  const name = `overload ${Math.round(options.tenants / capacity)}:1`
  // Each tenant's turn comes once a round.
  const roundMs = (options.tenants / capacity) * 1_000
  return {
    figures: [
      figure(`${name}: RPO p99 against a round of all tenants`, ages.p99 / roundMs, '×', { most: 2 }),
      figure(`${name}: RPO max against RPO p50`, ages.max / ages.p50, '×', { most: 4 }),
      figure(
        `${name}: memory that came with the load`,
        rssGrowthBytes / options.tenants / 1_024,
        'KB a tenant',
        {
          most: 20,
        },
      ),
    ],
    notes: [
      `RPO p50 ${Math.round(ages.p50)} ms, p99 ${Math.round(ages.p99)} ms, ${changesPerCommit.toFixed(1)} changes a commit`,
    ],
  }
}
