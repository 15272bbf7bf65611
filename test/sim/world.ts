import type { Registry, TenantRecord } from '../../src/ports/registry.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import type { MemoryObjects } from '../../src/stores/memory.js'
import { VirtualClock } from '../support/virtual-clock.js'
import { Audit } from './audit.js'
import { History } from './history.js'
import { Network } from './network.js'
import type { Plan } from './plan.js'
import { Chance } from './random.js'
import { Lists } from './remote-store.js'
import { watchCommits } from './watched-registry.js'
import { WhatsApp } from './whatsapp.js'

/** Thrown by nobody: collected. What was promised and did not hold. */
export interface Violation {
  readonly atMs: number
  readonly what: string
  readonly tenant: string | null
}

/** What everybody shares: time, chance, the truth behind store and registry, and who looks on. */
export class World {
  readonly plan: Plan
  readonly clock = new VirtualClock()
  readonly startedAt = this.clock.now()
  readonly violations: Violation[] = []
  /** How often each kind of fault has struck. */
  readonly struck: Record<string, number> = {}
  /** The objects as they are; hosts see them through a network. */
  objects: MemoryObjects = new Map()
  /** Keys of objects that were damaged for good or are gone, and that nobody deleted. */
  readonly spoilt = new Set<string>()
  registry: Registry
  readonly network: Network
  readonly lists: Lists
  readonly audit: Audit
  readonly whatsApp: WhatsApp
  readonly histories = new Map<string, History>()
  /** Faults are injected; false once the run comes to rest. */
  disturbed = true
  readonly #chances = new Map<string, Chance>()
  readonly #trace: ((line: string) => void) | null

  constructor(plan: Plan, trace: ((line: string) => void) | null = null) {
    this.plan = plan
    this.#trace = trace
    this.network = new Network(this)
    this.lists = new Lists(this)
    this.audit = new Audit(this)
    this.whatsApp = new WhatsApp(this)
    this.registry = this.#newRegistry()
  }

  get nowMs(): number {
    return this.clock.now() - this.startedAt
  }

  /** The stream of chance of this name. */
  chance(name: string): Chance {
    const known = this.#chances.get(name)
    if (known) return known
    const made = new Chance(this.plan.seed, name)
    this.#chances.set(name, made)
    return made
  }

  history(tenantId: string): History {
    const known = this.histories.get(tenantId)
    if (known) return known
    const made = new History(this, tenantId)
    this.histories.set(tenantId, made)
    return made
  }

  /** Forgets every row, as an embedded database on a disk that was lost. */
  loseRegistry(): void {
    this.registry = this.#newRegistry()
  }

  row(tenantId: string): Promise<TenantRecord | null> {
    return this.registry.read(tenantId)
  }

  violate(what: string, tenant: string | null = null): void {
    this.trace(`VIOLATION ${what}`, tenant)
    this.violations.push({ atMs: this.nowMs, what, tenant })
  }

  strike(kind: string): void {
    this.struck[kind] = (this.struck[kind] ?? 0) + 1
  }

  get isTraced(): boolean {
    return this.#trace !== null
  }

  trace(line: string, who: string | null = null): void {
    this.#trace?.(`${String(this.nowMs).padStart(7)} ${who ?? '-'} ${line}`)
  }

  #newRegistry() {
    const registry = memoryRegistry({ clock: this.clock })
    void registry.open()
    return watchCommits(this, registry)
  }
}
