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
  #lastRows: readonly TenantRecord[] = []

  constructor(supervisor: Supervised, clock: Clock) {
    this.#supervisor = supervisor
    this.#clock = clock
  }

  /**
   * Every tenant, by id. When the registry does not answer: this process's sessions as they are now, the others as
   * last read, and `isComplete` false.
   */
  async all(): Promise<{ tenants: TenantView[]; isComplete: boolean }> {
    let isComplete = true
    try {
      this.#lastRows = await bounded(
        this.#supervisor.tenants(),
        registryLimitMs,
        'Reading the registry',
        this.#clock,
      )
    } catch {
      isComplete = false
    }
    const rows = new Map(this.#lastRows.map((row) => [row.tenantId, row]))
    const { sessions } = this.#supervisor
    const ids = [...new Set([...rows.keys(), ...sessions.keys()])].sort()
    const now = this.#clock.now()
    const tenants = ids.map((id) => viewTenant(id, sessions.get(id), rows.get(id) ?? null, now))
    return { tenants, isComplete }
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
    return viewTenant(tenantId, session, record, this.#clock.now())
  }
}
