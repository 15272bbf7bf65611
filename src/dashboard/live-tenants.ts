import type { ApiParts, TenantView } from '../server/index.js'
import type { Counts, EventPayloads, RegistryHealth, TenantRow } from './payloads.js'
import { rowChange, rowOf } from './row-changes.js'

/** Changes are told at most this often. */
export const batchMs = 200
/** The registry's rows are read this often, the fewer the oftener, and only while somebody looks. */
const refresh = { leastMs: 1_000, mostMs: 5_000, perRowMs: 25 }
/** Share of the time that these readings may take, so that a large registry is read less often. */
const refreshShare = 1 / 20

interface Shown {
  /** What readers have. */
  readonly row: TenantRow
  /** The same as JSON, made when somebody comes who has nothing yet. */
  text: string | null
}

export interface LiveTenantsParts extends Pick<ApiParts, 'supervisor' | 'tenants' | 'clock'> {
  /** A batch of changes, as JSON of {@link EventPayloads.changes}. */
  readonly publish: (json: string) => void
}

/** The list of tenants as readers have it, and what changed since; asleep while nobody reads. */
export class LiveTenants {
  readonly #parts: LiveTenantsParts
  readonly #shown = new Map<string, Shown>()
  readonly #dirty = new Set<string>()
  #undo: (() => void)[] = []
  #registry: RegistryHealth = 'ok'
  #batchTimer: unknown = null
  #refreshTimer: unknown = null
  /** Counts the times that it woke: a reading that outlives its sleep changes nothing. */
  #wakes = 0
  #waking: Promise<void> | null = null
  /** All rows as one text, made once for all who connect between two changes. */
  #list: string | null = null

  constructor(parts: LiveTenantsParts) {
    this.#parts = parts
  }

  get isAwake(): boolean {
    return this.#waking !== null
  }

  /** Reads everything once; the same for everybody who asks meanwhile. */
  wake(): Promise<void> {
    this.#waking ??= this.#wake()
    return this.#waking
  }

  sleep(): void {
    for (const undo of this.#undo.splice(0)) undo()
    for (const timer of [this.#batchTimer, this.#refreshTimer]) this.#parts.clock.clearTimeout(timer)
    this.#batchTimer = null
    this.#refreshTimer = null
    this.#waking = null
    this.#wakes += 1
    this.#shown.clear()
    this.#dirty.clear()
    this.#list = null
  }

  has(tenantId: string): boolean {
    return this.#shown.has(tenantId) || this.#dirty.has(tenantId)
  }

  /** JSON of {@link EventPayloads.state}, with what waited to be told. */
  stateJson(about: Pick<EventPayloads['state'], 'host' | 'version'>): string {
    this.flush()
    this.#list ??= `[${this.#sorted().join(',')}]`
    const rest = JSON.stringify({ ...this.#head(), ...about })
    return `${rest.slice(0, -1)},"tenants":${this.#list}}`
  }

  /** Tells what has changed since the last time. */
  flush(): void {
    this.#parts.clock.clearTimeout(this.#batchTimer)
    this.#batchTimer = null
    const changed = [...this.#dirty].flatMap((tenantId) => this.#look(this.#parts.tenants.lastSeen(tenantId)))
    this.#dirty.clear()
    if (changed.length > 0) this.#publish(changed, [])
  }

  async #wake(): Promise<void> {
    const { supervisor } = this.#parts
    const mark = ({ tenantId }: { tenantId: string }) => this.#mark(tenantId)
    this.#undo = [supervisor.on('changed', mark), supervisor.on('closed', mark), supervisor.on('fact', mark)]
    await this.#refresh(() => {})
  }

  #mark(tenantId: string): void {
    this.#dirty.add(tenantId)
    this.#batchTimer ??= this.#parts.clock.setTimeout(() => this.flush(), batchMs)
  }

  async #refresh(publish: (changed: string[], removed: string[]) => void): Promise<void> {
    const { tenants, clock } = this.#parts
    const wakes = this.#wakes
    const began = clock.now()
    const { tenants: all, isComplete } = await tenants.all()
    if (wakes !== this.#wakes) return
    const health = isComplete ? 'ok' : 'unavailable'
    const isNews = health !== this.#registry
    this.#registry = health
    const changed = all.flatMap((row) => this.#look(row))
    const removed = this.#removeBut(new Set(all.map(({ tenantId }) => tenantId)))
    this.#dirty.clear()
    if (isNews || changed.length + removed.length > 0) publish(changed, removed)
    const tookMs = clock.now() - began
    const usualMs = Math.min(refresh.mostMs, Math.max(refresh.leastMs, refresh.perRowMs * all.length))
    const waitMs = Math.max(usualMs, isComplete ? tookMs / refreshShare : 0)
    this.#refreshTimer = clock.setTimeout(() => {
      this.#refreshTimer = null
      void this.#refresh((...news) => this.#publish(...news))
    }, waitMs)
  }

  /** JSON of what of the row readers do not have. */
  #look(view: TenantView): string[] {
    const row = rowOf(view)
    const change = rowChange(this.#shown.get(row.tenantId)?.row, row)
    if (change === null) return []
    this.#shown.set(row.tenantId, { row, text: null })
    this.#list = null
    return [JSON.stringify(change)]
  }

  #removeBut(there: ReadonlySet<string>): string[] {
    const removed = [...this.#shown.keys()].filter((tenantId) => !there.has(tenantId))
    for (const tenantId of removed) this.#shown.delete(tenantId)
    if (removed.length > 0) this.#list = null
    return removed
  }

  #publish(changed: readonly string[], removed: readonly string[]): void {
    const rest = JSON.stringify({ ...this.#head(), removed })
    this.#parts.publish(`${rest.slice(0, -1)},"rows":[${changed.join(',')}]}`)
  }

  #head(): Pick<EventPayloads['changes'], 'at' | 'registry' | 'counts'> {
    const rows = [...this.#shown.values()].map(({ row }) => row)
    return {
      at: new Date(this.#parts.clock.now()).toISOString(),
      registry: this.#registry,
      counts: countsOf(rows),
    }
  }

  #sorted(): string[] {
    const shown = [...this.#shown].sort(([a], [b]) => (a < b ? -1 : 1))
    return shown.map(([, each]) => {
      each.text ??= JSON.stringify(each.row)
      return each.text
    })
  }
}

export function countsOf(rows: readonly TenantRow[]): Counts {
  const byStatus: Partial<Record<TenantRow['status'], number>> = {}
  let running = 0
  let unprotected = 0
  for (const row of rows) {
    byStatus[row.status] = (byStatus[row.status] ?? 0) + 1
    if (row.runs !== 'no') running += 1
    if (row.unprotectedChanges > 0) unprotected += 1
  }
  return { total: rows.length, byStatus, running, unprotected }
}
