import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultSettings } from '../../src/settings.js'
import { tenantName } from '../rig.js'
import { writeSession } from '../sessions.js'
import { limitedBlobs, memoryBlobs, slowBlobs } from './blob-store.js'
import type { Fleet, FleetOptions } from './fleet.js'
import { others, type Strategy } from './others.js'

interface Tenant {
  readonly folder: string
  readonly strategy: Strategy
  /** By file: the changes since the last backup, and when the first of them was made. */
  readonly changes: Map<string, { readonly since: number; count: number }>
  timer: NodeJS.Timeout | null
  running: Promise<void> | null
}

/** Backups that are complete. */
interface Done {
  readonly ages: number[]
  changes: number
}

/**
 * Tenants backed up by one of the other strategies, with what ours has too: a quiet period, one backup of a tenant at a
 * time, one queue for all. Without these every change would be a backup of its own.
 */
export async function fleetOfOthers(
  name: keyof typeof others,
  { tenants: count, session, limit, latency, path }: FleetOptions,
): Promise<Fleet> {
  const delay = { ms: 0, jitter: latency.jitter }
  const slow = slowBlobs(memoryBlobs(), delay)
  const store = limitedBlobs(slow, limit)
  const done: Done = { ages: [], changes: 0 }
  const tenants = Array.from({ length: count }, (_, n): Tenant => {
    const tenantId = tenantName(n)
    const folder = join(path, tenantId)
    writeSession(folder, session)
    return {
      folder,
      strategy: others[name](store, { folder, tenantId }),
      changes: new Map(),
      timer: null,
      running: null,
    }
  })
  // The first backup waits for nothing: it is not what is measured here.
  for (const { strategy } of tenants) await strategy.backup()
  delay.ms = latency.ms
  const all = (act: (tenant: Tenant) => Promise<void>) => Promise.all(tenants.map(act)).then(() => {})
  return {
    traffic: slow.traffic,
    ages: done.ages,
    writers: tenants.map(
      (tenant) => (file: string, content: string) => write(tenant, { file, content }, done),
    ),
    durable: () => done.changes,
    settled: () => all(untilQuiet),
    left: () =>
      tenants.flatMap(({ changes }) => [...changes.values()]).reduce((sum, { count }) => sum + count, 0),
    drain: () => all((tenant) => drained(tenant, done)),
    elsewhere: async (booted) => () => {
      const restores = Array.from({ length: booted }, (_, n) => {
        const place = { folder: join(path, 'another-disk', tenantName(n)), tenantId: tenantName(n) }
        return others[name](store, place).restore()
      })
      return Promise.all(restores).then(() => {})
    },
  }
}

function write(tenant: Tenant, { file, content }: { file: string; content: string }, done: Done): void {
  writeFileSync(join(tenant.folder, file), content)
  const change = tenant.changes.get(file) ?? { since: performance.now(), count: 0 }
  change.count++
  tenant.changes.set(file, change)
  if (tenant.strategy.covers(file)) schedule(tenant, done)
}

function schedule(tenant: Tenant, done: Done): void {
  if (tenant.running) return
  const { quietPeriodMs, maxDirtyAgeMs } = defaultSettings
  const latest = oldest(tenant) + maxDirtyAgeMs - performance.now()
  if (tenant.timer) clearTimeout(tenant.timer)
  tenant.timer = setTimeout(() => void backUp(tenant, done), Math.max(0, Math.min(quietPeriodMs, latest)))
}

function oldest({ changes, strategy }: Tenant): number {
  return Math.min(...[...changes].filter(([file]) => strategy.covers(file)).map(([, { since }]) => since))
}

/** Everything written before it begins is in it: the strategies read their folder at once. */
async function backUp(tenant: Tenant, done: Done): Promise<void> {
  tenant.timer = null
  const { changes, strategy } = tenant
  const since = oldest(tenant)
  let taken = 0
  for (const [file, { count }] of changes) {
    if (!strategy.covers(file)) continue
    taken += count
    changes.delete(file)
  }
  tenant.running = strategy.backup()
  await tenant.running
  tenant.running = null
  done.ages.push(performance.now() - since)
  done.changes += taken
  if (Number.isFinite(oldest(tenant))) schedule(tenant, done)
}

async function untilQuiet(tenant: Tenant): Promise<void> {
  while (tenant.timer || tenant.running) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function drained(tenant: Tenant, done: Done): Promise<void> {
  if (tenant.timer) clearTimeout(tenant.timer)
  tenant.timer = null
  await tenant.running
  if (Number.isFinite(oldest(tenant))) await backUp(tenant, done)
  if (tenant.timer) clearTimeout(tenant.timer)
}
