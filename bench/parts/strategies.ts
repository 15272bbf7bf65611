import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Figure, figuresOf } from '../figures.js'
import { type Cost, cost, median, peakRssGrowth } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName } from '../rig.js'
import { changed, type Files, generateSession, writeSession } from '../sessions.js'
import { slowStore, type Traffic } from '../slow-store.js'
import { limitedBlobs, slowBlobs } from '../strategies/blob-store.js'
import { others, type StrategyName } from '../strategies/others.js'
import { type Backend, backendOf, type StoreName } from '../strategies/stores.js'

export interface CellOptions {
  readonly strategy: StrategyName
  readonly store: StoreName
  readonly files: number
  /** Uploads, and downloads of a restore, at a time. */
  readonly limit: number
  /** Sessions that go through it one after the other; what is told is the median. */
  readonly rounds: number
}

export type Operation = 'first backup' | '20 changed' | 'nothing changed' | 'audit' | 'restore'

export interface CellRow extends Cost {
  readonly operation: Operation
  /** What it took in the first round, when nothing was compiled yet. */
  readonly coldMs: number
  readonly requests: number
  readonly bytesUp: number
}

type Taken = Omit<CellRow, 'coldMs'>

/** One strategy on one store with one session, from its first backup to its restore on an empty disk. */
export async function strategyCell(options: CellOptions) {
  const path = temporaryDirectory()
  const backend = await backendOf(options.store, path)
  const ground = { backend, path, session: generateSession(options.files) }
  const through = options.strategy === 'ours' ? ours : another
  try {
    const { result: rounds, peakRssBytes } = await peakRssGrowth(async () => {
      const taken: Taken[][] = []
      for (let round = 0; round < options.rounds; round++) taken.push(await through(options, ground, round))
      return taken
    })
    return {
      ...options,
      rows: rounds[0]!.map((_, at) => middle(rounds.map((rows) => rows[at]!))),
      peakRssBytes,
    }
  } finally {
    await backend.close()
  }
}

/** Requests and bytes are the same in each round, but for some bytes of compression. */
function middle(rounds: readonly Taken[]): CellRow {
  const wallMs = median(rounds.map((row) => row.wallMs))
  const cpuMs = median(rounds.map((row) => row.cpuMs))
  return { ...rounds.at(-1)!, wallMs, cpuMs, coldMs: rounds[0]!.wallMs }
}

interface Ground {
  readonly backend: Backend
  readonly path: string
  readonly session: Files
}

async function another(
  { strategy: name, limit }: CellOptions,
  { backend, path, session }: Ground,
  round: number,
): Promise<Taken[]> {
  const slow = slowBlobs(backend.blobs(), backend.latency)
  const place = { folder: join(path, `session-${round}`), tenantId: tenantName(round) }
  const strategy = others[name as keyof typeof others](limitedBlobs(slow, limit), place)
  const { folder } = place
  writeSession(folder, session)
  const row = rowOf(slow.traffic)
  const rows = [await row('first backup', () => strategy.backup())]
  writeSession(folder, changed(session, 20))
  rows.push(await row('20 changed', () => strategy.backup()))
  rows.push(await row('nothing changed', () => strategy.backup()))
  if (strategy.audit) rows.push(await row('audit', strategy.audit))
  rmSync(folder, { recursive: true })
  rows.push(await row('restore', () => strategy.restore()))
  rmSync(folder, { recursive: true })
  return rows
}

/** A backup is made when the bench says so. */
const manual = { quietPeriodMs: 3_600_000, maxDirtyAgeMs: 3_600_000, auditIntervalMs: 3_600_000 }

async function ours(
  { limit }: CellOptions,
  { backend, path, session }: Ground,
  round: number,
): Promise<Taken[]> {
  const tenant = tenantName(round)
  const store = slowStore(backend.objects(), backend.latency)
  const settings = { ...manual, uploadConcurrency: limit, restoreConcurrency: limit }
  const rig = await newRig({ store, path: join(path, `sessions-${round}`), settings })
  const row = rowOf(store.traffic)
  const backUp = () => rig.supervisor.get(tenant)!.backupNow()
  await openedNow(rig, tenant)
  const write = (files: Files) => rig.link.connections.get(tenant)!.write(files)
  await write(session)
  const rows = [await row('first backup', backUp)]
  await write(changed(session, 20))
  rows.push(await row('20 changed', backUp))
  rows.push(await row('nothing changed', backUp))
  rows.push(await row('audit', () => rig.supervisor.get(tenant)!.auditNow()))
  await rig.supervisor.shutdown()
  const { registry } = rig
  const fresh = await newRig({ store, registry, path: join(path, `another-disk-${round}`), settings })
  rows.push(await row('restore', () => openedNow(fresh, tenant)))
  await fresh.supervisor.shutdown()
  for (const { path } of [rig, fresh]) rmSync(path, { recursive: true })
  return rows
}

async function openedNow(rig: Rig, tenant: string): Promise<void> {
  const opened = rig.link.untilOpened(1)
  await rig.supervisor.start(tenant)
  await opened
}

function rowOf(traffic: Traffic) {
  return async (operation: Operation, work: () => Promise<unknown>): Promise<Taken> => {
    const { requests, bytesUp } = traffic
    const taken = await cost(work)
    return { operation, ...taken, requests: traffic.requests - requests, bytesUp: traffic.bytesUp - bytesUp }
  }
}

type Cell = Awaited<ReturnType<typeof strategyCell>>

/** Ours against one object a file, where the targets are: 50 ms a request. */
export async function ratios(cells: readonly Cell[]): Promise<{ figures: Figure[] }> {
  const rowsOf = (strategy: StrategyName) =>
    cells.find((each) => each.strategy === strategy && each.store === 'memory-50ms')!.rows
  const { files, limit } = cells[0]!
  const at = `${files} files, 50 ms ± 20 %, limit ${limit}, medians`
  const ratio = (operation: Operation, ofOurs: 'wallMs' | 'coldMs') => {
    const of = (strategy: StrategyName) => rowsOf(strategy).find((row) => row.operation === operation)!
    return of('a file an object').wallMs / of('ours')[ofOurs]
  }
  return {
    figures: figuresOf(at, {
      firstBackup: ratio('first backup', 'wallMs'),
      restore: ratio('restore', 'wallMs'),
      firstBackupCold: ratio('first backup', 'coldMs'),
      restoreCold: ratio('restore', 'coldMs'),
    }),
  }
}
