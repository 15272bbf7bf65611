import { rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figuresOf } from '../figures.js'
import { type Cost, cost, longestStall } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName } from '../rig.js'
import { seedTenants } from '../seed.js'
import { type Files, generateSession, writeSession } from '../sessions.js'
import { type CountedStore, slowStore } from '../slow-store.js'

export interface BootOptions {
  /** Of the figures, in front. */
  readonly id: string
  readonly tenants: number
  /** Files of a session. */
  readonly files: number
  readonly limit: number
  readonly latencyMs: number
}

interface Boot extends Cost {
  readonly requests: number
  readonly stallMs: number
}

/** What a file of a session takes on a file system of 4 KiB blocks, its inode included. */
const bytesAFile = 5 * 1024

/** A host was lost: all its tenants are restored on a new one, whose disk is empty, until the last is connected. */
export async function boot(options: BootOptions): Promise<{ figures: Figure[]; notes: string[] }> {
  const { files, limit, latencyMs } = options
  const tenants = roomFor(options)
  const names = Array.from({ length: tenants }, (_, n) => tenantName(n))
  const session = generateSession(files)
  const objects = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  await seedTenants({ store: objects, registry }, names, session)
  const store = slowStore(objects, { ms: latencyMs, jitter: 0.2 })
  // The first to use memory, or a part of a disk, pays for that: not to be measured for either.
  await bareRestores(store, names, { session, limit })
  const bare = await bareRestores(store, names, { session, limit })
  const settings = { auditIntervalMs: 3_600_000, uploadConcurrency: limit, restoreConcurrency: limit }
  const rig = await newRig({ store, registry, path: temporaryDirectory(), settings })
  const taken = await booted(rig, store, tenants)
  await rig.supervisor.shutdown()
  const at = `${tenants.toLocaleString('en')} tenants × ${files} files, ${latencyMs} ms ± 20 %, limit ${limit}`
  return {
    figures: figuresOf(at, bootFigures(taken, bare, { ...options, tenants })),
    notes: [`bare restores: ${describe(bare)}; boot: ${describe(taken)}`],
  }
}

/** Fewer on a small disk: it holds the sessions once. */
function roomFor({ tenants, files }: BootOptions): number {
  const { bavail, bsize } = statfsSync(tmpdir())
  return Math.max(1, Math.min(tenants, Math.floor((bavail * bsize * 0.8) / (files * bytesAFile))))
}

/** The least that a restore is: the same downloads at the same limit, and the same files written with `writeFileSync`. */
async function bareRestores(
  store: CountedStore,
  names: readonly string[],
  { session, limit }: { session: Files; limit: number },
): Promise<Cost> {
  const path = temporaryDirectory()
  const keys = await Promise.all(names.map(async (name) => (await store.list(`${name}/`))[0]!.key))
  const queue = new PQueue({ concurrency: limit })
  const taken = await cost(() =>
    queue.addAll(
      keys.map((key, at) => async () => {
        await store.get(key)
        writeSession(join(path, names[at]!), session)
      }),
    ),
  )
  rmSync(path, { recursive: true, force: true })
  return taken
}

async function booted(rig: Rig, store: CountedStore, tenants: number): Promise<Boot> {
  store.reset()
  let taken: Cost = { wallMs: 0, cpuMs: 0 }
  const stallMs = await longestStall(async () => {
    taken = await cost(async () => {
      const opened = rig.link.untilOpened(tenants)
      await rig.supervisor.resume()
      await opened
    })
  })
  return { ...taken, stallMs, requests: store.traffic.requests }
}

function bootFigures(taken: Boot, bare: Cost, { id, tenants }: BootOptions): Record<string, number> {
  return {
    [`${id}Wall`]: taken.wallMs / bare.wallMs,
    [`${id}Requests`]: taken.requests / tenants,
    [`${id}Cpu`]: taken.cpuMs / tenants,
    [`${id}Stall`]: taken.stallMs,
  }
}

function describe({ wallMs, cpuMs }: Cost): string {
  return `${Math.round(wallMs)} ms wall, ${Math.round(cpuMs)} ms CPU`
}
