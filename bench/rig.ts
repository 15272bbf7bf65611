import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assembleSupervisor } from '../src/assemble-supervisor.js'
import { type ObjectStore, type Registry, silentLogger, systemClock } from '../src/ports/index.js'
import { memoryRegistry } from '../src/registry/memory.js'
import { openSessionRoot } from '../src/session/index.js'
import { checkSettings, type Settings } from '../src/settings.js'
import type { Supervisor } from '../src/supervisor.js'
import { LightLink } from './light-link.js'

export interface CountedRegistry extends Registry {
  /** Statements by name. */
  readonly statements: Record<string, number>
}

export interface Rig {
  readonly supervisor: Supervisor<never>
  readonly link: LightLink
  readonly registry: CountedRegistry
  readonly path: string
  /** Age in ms of the oldest change in each generation when it was committed. */
  readonly ages: number[]
  /** Changed files in all generations so far. */
  changesCommitted: number
}

/** The real supervisor on a real disk and the given store, with {@link LightLink} in the place of Baileys. */
export async function newRig(options: {
  store: ObjectStore
  path: string
  registry?: Registry
  settings?: Partial<Settings>
}): Promise<Rig> {
  const registry = countStatements(options.registry ?? memoryRegistry({ clock: systemClock }))
  await registry.open()
  const link = new LightLink()
  const settings = checkSettings({ collectIntervalMs: 0, connectConcurrency: 1_000, ...options.settings })
  const root = await openSessionRoot({
    path: options.path,
    clock: systemClock,
    random: Math.random,
    threads: { most: settings.restoreThreads, program: threadProgram, unavailable },
  })
  const supervisor = assembleSupervisor<never>({
    settings,
    logger: silentLogger,
    clock: systemClock,
    random: Math.random,
    store: options.store,
    registry,
    root,
    link,
  })
  const ages: number[] = []
  const rig: Rig = { supervisor, link, registry, path: options.path, ages, changesCommitted: 0 }
  supervisor.on('fact', (fact) => {
    if (fact.type !== 'generation.committed') return
    ages.push(fact.ageMs)
    rig.changesCommitted += fact.changes
  })
  return rig
}

/** Bundled beside this, as run.mjs does it. */
const threadProgram = new URL('./restore-thread.mjs', import.meta.url)

function unavailable(error: unknown): void {
  throw new Error('A thread that restores sessions ended; what is measured is not what runs.', {
    cause: error,
  })
}

export function countStatements(inner: Registry): CountedRegistry {
  const statements: Record<string, number> = {}
  return new Proxy(inner as CountedRegistry, {
    get: (_, name) => {
      if (name === 'statements') return statements
      // It stands for a database, which outlives the hosts: nobody looks for tenants in the store.
      if (name === 'durable') return true
      const value = Reflect.get(inner, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        statements[String(name)] = (statements[String(name)] ?? 0) + 1
        return value.apply(inner, args)
      }
    },
  })
}

/** A new directory, gone when the process ends. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'bench-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
  return path
}

export function tenantName(n: number): string {
  return `tenant-${String(n).padStart(5, '0')}`
}

/** Resolves when nothing of any tenant is unprotected; looks every few milliseconds. */
export async function untilProtected({ supervisor }: Rig): Promise<void> {
  while ([...supervisor.sessions.values()].some(({ unprotected }) => unprotected.changes > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
