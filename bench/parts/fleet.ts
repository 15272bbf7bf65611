import PQueue from 'p-queue'
import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figuresOf } from '../figures.js'
import { type Cost, cost, longestStall, median } from '../measure.js'
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
  /** How often all of them are backed up, each time beside as many bare requests. */
  readonly rounds: number
}

/** A thousand tenants: each with 20 changed files backed up, several times, then again at SIGTERM. */
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
  const rounds: Round[] = []
  for (let n = 0; n < options.rounds; n++)
    rounds.push(await backedUp(rig, store, { session, names, ...options }))
  const drain = await drained(rig, session)
  const at = `${names.length.toLocaleString('en')} tenants × ${options.files} files, ${options.latencyMs} ms ± 20 %, limit ${options.limit}`
  return {
    figures: figuresOf(at, { ...backupFigures(rounds, options), ...drain }),
    notes: [
      `backups/bare requests: ${rounds.map(({ ours, bare }) => `${Math.round(ours.wallMs)}/${Math.round(bare.wallMs)}`).join(', ')} ms`,
      `longest stalls: ${rounds.map(({ stallMs }) => stallMs.toFixed(1)).join(', ')} ms`,
    ],
  }
}

function settingsOf({ limit }: FleetOptions) {
  const manual = { quietPeriodMs: 3_600_000, maxDirtyAgeMs: 3_600_000, auditIntervalMs: 3_600_000 }
  return { ...manual, uploadConcurrency: limit, restoreConcurrency: limit }
}

interface Round {
  readonly bare: Cost
  readonly ours: Cost
  readonly requests: number
  readonly statements: number
  readonly stallMs: number
}

async function backedUp(
  rig: Rig,
  store: CountedStore,
  { session, names, limit }: FleetOptions & { session: Files; names: readonly string[] },
): Promise<Round> {
  await dirty(rig, session)
  const bare = await cost(() => barePuts(store, names, limit))
  store.reset()
  const before = rig.registry.statements.commit ?? 0
  let ours: Cost = { wallMs: 0, cpuMs: 0 }
  const stallMs = await longestStall(async () => {
    ours = await cost(() =>
      Promise.all([...rig.supervisor.sessions.values()].map((each) => each.backupNow())),
    )
  })
  const statements = (rig.registry.statements.commit ?? 0) - before
  return { bare, ours, requests: store.traffic.requests, statements, stallMs }
}

function backupFigures(rounds: readonly Round[], { tenants }: FleetOptions) {
  const middle = (of: (round: Round) => number) => median(rounds.map(of))
  return {
    fleetWall: middle(({ ours, bare }) => ours.wallMs / bare.wallMs),
    fleetRequests: Math.max(...rounds.map(({ requests }) => requests)) / tenants,
    fleetCpu: middle(({ ours }) => ours.cpuMs / tenants),
    fleetStatements: middle(({ statements }) => tenants / statements),
    fleetStall: Math.max(...rounds.map(({ stallMs }) => stallMs)),
  }
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
async function drained(rig: Rig, session: Files): Promise<{ drainWall: number; drainLeft: number }> {
  await dirty(rig, session)
  let drainLeft = -1
  const { wallMs } = await cost(async () => {
    drainLeft = (await rig.supervisor.shutdown()).unprotected.length
  })
  return { drainWall: wallMs, drainLeft }
}
