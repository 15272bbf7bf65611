import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { type Figure, figuresOf } from '../figures.js'
import { residentBytes } from '../measure.js'
import { newRig, type Rig, temporaryDirectory, tenantName } from '../rig.js'
import { seedTenants } from '../seed.js'
import { generateSession } from '../sessions.js'

/** Looks at the memory; the heap grows in leaps, so that a line is laid through them. */
const looks = 4

export interface MemoryOptions {
  /** Of the figure. */
  readonly id: string
  readonly files: number
  /** Connected tenants at the first and at the second look: what all share is in both. */
  readonly few: number
  readonly many: number
  /** Wait before each look: statuses are written, and restores let go of what they held. */
  readonly settleMs: number
}

export async function memory({
  id,
  files,
  few,
  many,
  settleMs,
}: MemoryOptions): Promise<{ figures: Figure[]; notes: string[] }> {
  const names = Array.from({ length: many }, (_, n) => tenantName(n))
  const objects = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  await seedTenants({ store: objects, registry }, names, generateSession(files))
  // What threads take that restore is the process's, and comes and goes: it would be counted for the tenants.
  const settings = { restoreThreads: 0 }
  const rig = await newRig({ store: objects, registry, path: temporaryDirectory(), settings })
  const tenants: number[] = []
  const kilobytes: number[] = []
  for (let look = 0; look < looks; look++) {
    const count = Math.round(few + ((many - few) * look) / (looks - 1))
    await connected(rig, names.slice(0, count))
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    tenants.push(count)
    kilobytes.push((await residentBytes()) / 1_024)
  }
  await rig.supervisor.shutdown()
  const at = `from ${few.toLocaleString('en')} to ${many.toLocaleString('en')} tenants × ${files} files, in ${looks} looks`
  return {
    figures: figuresOf(at, { [id]: slope(tenants, kilobytes) }),
    notes: [`MB in all: ${kilobytes.map((each) => (each / 1_024).toFixed(1)).join(', ')}`],
  }
}

/** Of the line through the points with the least squares of errors. */
function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(x), mean(y)]
  const covariance = mean(x.map((value, at) => (value - meanX) * (y[at]! - meanY)))
  return covariance / mean(x.map((value) => (value - meanX) ** 2))
}

async function connected(rig: Rig, names: readonly string[]): Promise<void> {
  const opened = rig.link.untilOpened(names.length)
  for (const name of names) await rig.supervisor.start(name)
  await opened
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
  return { figures: figuresOf(`${tenants.toLocaleString('en')} tenants`, { actorsStart: seconds }) }
}
