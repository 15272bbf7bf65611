import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Figure, figure } from '../figures.js'
import { type Cost, cost, peakRssBytes } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName } from '../rig.js'
import { changed, type Files, generateSession, writeSession } from '../sessions.js'
import { slowStore, type Traffic } from '../slow-store.js'
import { slowBlobs } from '../strategies/blob-store.js'
import { archive, naive, perFile, type Strategy } from '../strategies/others.js'
import { type Backend, backendOf, type StoreName } from '../strategies/stores.js'

export const strategyNames = ['creds only', 'a file an object', 'archive', 'ours'] as const
export type StrategyName = (typeof strategyNames)[number]

export interface CellOptions {
  readonly strategy: StrategyName
  readonly store: StoreName
  readonly files: number
  /** Uploads, and downloads of a restore, at a time. */
  readonly limit: number
}

export interface CellRow extends Cost {
  readonly operation: 'first backup' | '20 changed' | 'nothing changed' | 'audit' | 'restore'
  readonly requests: number
  readonly bytesUp: number
}

/** One strategy on one store with one session, from its first backup to its restore on an empty disk. */
export async function strategyCell(options: CellOptions) {
  const path = temporaryDirectory()
  const backend = await backendOf(options.store, path)
  try {
    const session = generateSession(options.files)
    const work = options.strategy === 'ours' ? ours : another
    const rows = await work(options, { backend, path, session })
    return { ...options, rows, peakRssBytes: peakRssBytes() }
  } finally {
    await backend.close()
  }
}

interface Ground {
  readonly backend: Backend
  readonly path: string
  readonly session: Files
}

async function another({ strategy: name, limit }: CellOptions, { backend, path, session }: Ground) {
  const store = slowBlobs(backend.blobs(), backend.latency)
  const folder = join(path, 'session')
  writeSession(folder, session)
  const made: Record<Exclude<StrategyName, 'ours'>, () => Strategy> = {
    'creds only': () => naive(store),
    'a file an object': () => perFile(store, limit),
    archive: () => archive(store),
  }
  const strategy = made[name as Exclude<StrategyName, 'ours'>]()
  const row = rowOf(store.traffic)
  const rows = [await row('first backup', () => strategy.backup(folder))]
  writeSession(folder, changed(session, 20))
  rows.push(await row('20 changed', () => strategy.backup(folder)))
  rows.push(await row('nothing changed', () => strategy.backup(folder)))
  rmSync(folder, { recursive: true })
  rows.push(await row('restore', () => strategy.restore(folder)))
  return rows
}

const tenant = tenantName(1)
/** A backup is made when the bench says so. */
const manual = { quietPeriodMs: 3_600_000, maxDirtyAgeMs: 3_600_000, auditIntervalMs: 3_600_000 }

async function ours({ limit }: CellOptions, { backend, path, session }: Ground) {
  const store = slowStore(backend.objects(), backend.latency)
  const settings = { ...manual, uploadConcurrency: limit, restoreConcurrency: limit }
  const rig = await newRig({ store, path: join(path, 'sessions'), settings })
  const row = rowOf(store.traffic)
  const backUp = () => rig.supervisor.get(tenant)!.backupNow()
  await openedNow(rig)
  const write = (files: Files) => rig.link.connections.get(tenant)!.write(files)
  await write(session)
  const rows = [await row('first backup', backUp)]
  await write(changed(session, 20))
  rows.push(await row('20 changed', backUp))
  rows.push(await row('nothing changed', backUp))
  rows.push(await row('audit', () => rig.supervisor.get(tenant)!.auditNow()))
  await rig.supervisor.shutdown()
  const { registry } = rig
  const fresh = await newRig({ store, registry, path: join(path, 'another-disk'), settings })
  rows.push(await row('restore', () => openedNow(fresh)))
  await fresh.supervisor.shutdown()
  return rows
}

async function openedNow(rig: Rig): Promise<void> {
  const opened = rig.link.untilOpened(1)
  await rig.supervisor.start(tenant)
  await opened
}

function rowOf(traffic: Traffic) {
  return async (operation: CellRow['operation'], work: () => Promise<unknown>): Promise<CellRow> => {
    const { requests, bytesUp } = traffic
    const taken = await cost(work)
    return { operation, ...taken, requests: traffic.requests - requests, bytesUp: traffic.bytesUp - bytesUp }
  }
}

type Cell = Awaited<ReturnType<typeof strategyCell>>

/** Ours against one object a file, where the targets are: 50 ms a request. */
export async function ratios(cells: readonly Cell[]): Promise<{ figures: Figure[] }> {
  const wallOf = (strategy: StrategyName, operation: CellRow['operation']) => {
    const cell = cells.find((each) => each.strategy === strategy && each.store === 'memory-50ms')
    return cell!.rows.find((row) => row.operation === operation)!.wallMs
  }
  const { files, limit } = cells[0]!
  const figures = (['first backup', 'restore'] as const).map((operation) => {
    const ratio = wallOf('a file an object', operation) / wallOf('ours', operation)
    const name = `${operation} of ${files} files at 50 ms, limit ${limit}: against one object a file`
    return figure(name, ratio, '× faster', { least: 50 })
  })
  return { figures }
}
