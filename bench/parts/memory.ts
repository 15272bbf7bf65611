import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figure } from '../figures.js'
import { residentBytes } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName } from '../rig.js'
import { seedTenants } from '../seed.js'
import { generateSession } from '../sessions.js'

export interface MemoryOptions {
  readonly files: number
  /** Connected tenants at the first and at the second look: what all share is in both. */
  readonly few: number
  readonly many: number
}

export async function memory({ files, few, many }: MemoryOptions): Promise<{ figures: Figure[] }> {
  const names = Array.from({ length: many }, (_, n) => tenantName(n))
  const objects = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  await seedTenants({ store: objects, registry }, names, generateSession(files))
  const rig = await newRig({ store: objects, registry, path: temporaryDirectory() })
  await connected(rig, names.slice(0, few))
  const before = await residentBytes()
  await connected(rig, names)
  const perTenant = ((await residentBytes()) - before) / (many - few) / 1_024
  await rig.supervisor.shutdown()
  return {
    figures: [figure(`memory of a connected tenant with ${files} files`, perTenant, 'KB RSS', { most: 60 })],
  }
}

async function connected(rig: Rig, names: readonly string[]): Promise<void> {
  const opened = rig.link.untilOpened(names.length)
  for (const name of names) await rig.supervisor.start(name)
  await opened
  // Statuses are written, restores let go of what they held.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
}

/** Tenants that are told to start, whose leases nobody answers for: what the machines alone take. */
export async function actors({ tenants }: { tenants: number }): Promise<{ figures: Figure[] }> {
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  const never = new Proxy(registry, {
    get: (inner, name) => {
      if (name === 'acquire') return () => new Promise(() => {})
      const value = Reflect.get(inner, name)
      return typeof value === 'function' ? value.bind(inner) : value
    },
  })
  const rig = await newRig({
    store: memoryStore(),
    registry: never,
    path: temporaryDirectory(),
    settings: { shutdownDeadlineMs: 1 },
  })
  const from = performance.now()
  for (let n = 0; n < tenants; n++) await rig.supervisor.start(tenantName(n))
  const seconds = (performance.now() - from) / 1_000
  return { figures: [figure(`${tenants} idle tenant actors start`, seconds, 's', { most: 3 })] }
}
