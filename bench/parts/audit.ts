import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/ports/index.js'
import { systemDisk } from '../../src/session/disk.js'
import { openSessionRoot } from '../../src/session/index.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figuresOf } from '../figures.js'
import { median } from '../measure.js'
import { newRig, temporaryDirectory, tenantName } from '../rig.js'
import { generateSession } from '../sessions.js'
import { slowStore } from '../slow-store.js'

const rounds = 31
const tenant = tenantName(1)

/** An untouched session: what looking at it costs, and what not looking at it costs. */
export async function audit({ files }: { files: number }): Promise<{ figures: Figure[] }> {
  return { figures: [...(await betweenAudits(files)), ...(await againstBare(files))] }
}

async function betweenAudits(files: number): Promise<Figure[]> {
  let reads = 0
  const store = slowStore(memoryStore())
  const rig = await newRig({ store, path: temporaryDirectory() })
  const opened = rig.link.untilOpened(1)
  await rig.supervisor.start(tenant)
  await opened
  await rig.link.connections.get(tenant)!.write(generateSession(files))
  const session = rig.supervisor.get(tenant)!
  await session.backupNow()
  const { requests } = store.traffic
  const read = systemDisk.read
  systemDisk.read = (path) => {
    reads++
    return read(path)
  }
  await session.backupNow()
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  await session.auditNow()
  systemDisk.read = read
  await rig.supervisor.shutdown()
  return figuresOf(`${files} files, a backup, 1.5 s and an audit`, {
    unchangedRequests: store.traffic.requests - requests,
    unchangedReads: reads,
  })
}

async function againstBare(files: number): Promise<Figure[]> {
  const path = temporaryDirectory()
  const root = await openSessionRoot({ path, clock: systemClock, random: Math.random })
  const head = null
  const folder = await root.open(tenant, { base: { epoch: 1, head }, copy: await root.inspect(tenant) })
  await folder.write(generateSession(files))
  const at = join(path, tenant)
  const times = { stat: [] as number[], audit: [] as number[], hash: [] as number[], full: [] as number[] }
  // One after the other in each round, so that what disturbs one disturbs all.
  for (let round = 0; round < rounds; round++) {
    times.stat.push(await timed(() => namesIn(at).forEach((name) => void lstatSync(join(at, name)))))
    times.audit.push(await timed(() => folder.audit({ full: false })))
    times.hash.push(
      await timed(() => namesIn(at).forEach((name) => void sha256(readFileSync(join(at, name))))),
    )
    times.full.push(await timed(() => folder.audit({ full: true })))
  }
  await root.close()
  const ratio = (ours: number[], bare: number[]) => median(ours) / median(bare)
  return figuresOf(`${files} files, medians of ${rounds}`, {
    auditStat: ratio(times.audit, times.stat),
    auditFull: ratio(times.full, times.hash),
    auditMs: median(times.audit),
  })
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.json'))
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function timed(work: () => unknown): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}
