import PQueue from 'p-queue'
import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figure } from '../figures.js'
import { type Cost, cost, longestStall } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName } from '../rig.js'
import { seedTenants } from '../seed.js'
import { changed, type Files, generateSession } from '../sessions.js'
import { type CountedStore, slowStore } from '../slow-store.js'

export interface FleetOptions {
  readonly tenants: number
  /** Files of a session. */
  readonly files: number
  readonly limit: number
  readonly latencyMs: number
}

/** A thousand tenants: each with 20 changed files backed up, then again at SIGTERM. */
export async function fleet(options: FleetOptions): Promise<{ figures: Figure[]; notes: string[] }> {
  const names = Array.from({ length: options.tenants }, (_, n) => tenantName(n))
  const session = generateSession(options.files)
  const objects = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  await seedTenants({ store: objects, registry }, names, session)
  const store = slowStore(objects, { ms: options.latencyMs, jitter: 0.2 })
  const rig = await newRig({ store, registry, path: temporaryDirectory(), settings: settingsOf(options) })
  const opened = rig.link.untilOpened(names.length)
  await rig.supervisor.resume()
  await opened
  const backup = await backedUp(rig, store, { session, names, ...options })
  const drain = await drained(rig, session)
  return { figures: [...backup, ...drain], notes: [] }
}

function settingsOf({ limit }: FleetOptions) {
  const manual = { quietPeriodMs: 3_600_000, maxDirtyAgeMs: 3_600_000, auditIntervalMs: 3_600_000 }
  return { ...manual, uploadConcurrency: limit, restoreConcurrency: limit }
}

async function backedUp(
  rig: Rig,
  store: CountedStore,
  { session, names, limit, tenants }: FleetOptions & { session: Files; names: readonly string[] },
): Promise<Figure[]> {
  await dirty(rig, session)
  const bare = await cost(() => barePuts(store, names, limit))
  store.reset()
  const statements = rig.registry.statements.commit ?? 0
  let taken: Cost = { wallMs: 0, cpuMs: 0 }
  const stallMs = await longestStall(async () => {
    taken = await cost(() =>
      Promise.all([...rig.supervisor.sessions.values()].map((each) => each.backupNow())),
    )
  })
  const commits = (rig.registry.statements.commit ?? 0) - statements
  return [
    figure('fleet: wall against bare requests', taken.wallMs / bare.wallMs, '×', { most: 1.3 }),
    figure('fleet: requests a tenant', store.traffic.requests / tenants, 'requests', { most: 1 }),
    figure('fleet: CPU a tenant', taken.cpuMs / tenants, 'ms', { most: 1.5 }),
    figure('fleet: commits a statement', tenants / commits, 'commits', { least: 50 }),
    figure('fleet: longest stall of the event loop', stallMs, 'ms', { most: 20 }),
  ]
}

/** As many requests of nothing, at the same limit. */
async function barePuts(store: CountedStore, names: readonly string[], limit: number): Promise<void> {
  const queue = new PQueue({ concurrency: limit })
  const body = Buffer.from('{}')
  await queue.addAll(names.map((name) => () => store.put(`${name}/bare/${Math.random()}.json`, body)))
}

async function dirty(rig: Rig, session: Files): Promise<void> {
  for (const connection of rig.link.connections.values()) await connection.write(changed(session, 20))
}

/** What SIGTERM does: final backups, links stopped, leases given up. */
async function drained(rig: Rig, session: Files): Promise<Figure[]> {
  await dirty(rig, session)
  let left = -1
  const taken = await cost(async () => {
    left = (await rig.supervisor.shutdown()).unprotected.length
  })
  return [
    figure('drain at SIGTERM: wall', taken.wallMs, 'ms', { most: 3_000 }),
    figure('drain at SIGTERM: tenants left unprotected', left, 'tenants', { most: 0 }),
  ]
}
