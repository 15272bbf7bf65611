import { SessionError } from '../errors.js'
import type { Clock, TenantRecord } from '../ports/index.js'
import { checkTenantId } from '../ports/index.js'
import { bounded } from './bounded.js'
import type { Supervised } from './supervised.js'
import { type TenantView, viewTenant } from './tenant-view.js'

/** Longest wait for the registry where an answer without it is better than none. */
const registryLimitMs = 3_000

/** Tenants as the sessions of this process and the registry know them together. */
export class TenantList {
  readonly #supervisor: Supervised
  readonly #clock: Clock
  /** As last read, by tenant id. */
  #rows: ReadonlyMap<string, TenantRecord> = new Map()

  constructor(supervisor: Supervised, clock: Clock) {
    this.#supervisor = supervisor
    this.#clock = clock
  }

  /**
   * Every tenant, by id. When the registry does not answer: this process's sessions as they are now, the others as
   * last read, and `isComplete` false.
   */
  async all(): Promise<{ tenants: TenantView[]; isComplete: boolean }> {
    const isComplete = await this.read()
    const ids = [...new Set([...this.#rows.keys(), ...this.#supervisor.sessions.keys()])].sort()
    const tenants = ids.map((id) => this.view(id, this.#rows.get(id) ?? null))
    return { tenants, isComplete }
  }

  /** Reads all rows of the registry; false when it does not answer. */
  async read(): Promise<boolean> {
    try {
      const reading = this.#supervisor.tenants()
      const rows = await bounded(reading, registryLimitMs, 'Reading the registry', this.#clock)
      this.#rows = new Map(rows.map((row) => [row.tenantId, row]))
      return true
    } catch {
      return false
    }
  }

  /** By the row as last read. */
  lastSeen(tenantId: string): TenantView {
    return this.view(tenantId, this.#rows.get(tenantId) ?? null)
  }

  /** @throws SessionError `invalid` · `missing` · `unavailable` the registry, about a tenant not known here */
  async one(tenantId: string): Promise<TenantView> {
    checkTenantId(tenantId)
    const session = this.#supervisor.get(tenantId)
    const reading = this.#supervisor.tenant(tenantId)
    const bound = bounded(reading, registryLimitMs, 'Reading the registry', this.#clock)
    const record = await (session ? bound.catch(() => null) : bound)
    if (session === undefined && record === null) {
      throw new SessionError(
        'missing',
        `There is no tenant ${tenantId}. Add it with POST /tenants, or "npx session-supervisor tenant add ${tenantId}".`,
      )
    }
    return this.view(tenantId, record)
  }

  /** As this process and the given row know it. */
  view(tenantId: string, record: TenantRecord | null): TenantView {
    const context = { now: this.#clock.now(), hostId: this.#supervisor.hostId }
    return viewTenant(tenantId, this.#supervisor.get(tenantId), record, context)
  }
}
