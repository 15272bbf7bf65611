/** Failures of each tenant since its last success. */
export class FailuresInARow {
  readonly #rows = new Map<string, { count: number; since: number; code: string }>()

  failed(tenantId: string, code: string, now: number): void {
    const row = this.#rows.get(tenantId) ?? { count: 0, since: now, code }
    this.#rows.set(tenantId, { count: row.count + 1, since: row.since, code })
  }

  lastCode(tenantId: string): string | undefined {
    return this.#rows.get(tenantId)?.code
  }

  over(tenantId: string): void {
    this.#rows.delete(tenantId)
  }

  *worse(than: { count: number; forMs: number; now: number }) {
    for (const [tenantId, { count, since, code }] of this.#rows) {
      const lastsMs = than.now - since
      if (count >= than.count || lastsMs >= than.forMs) yield { tenantId, count, lastsMs, code }
    }
  }

  keepOnly(isKept: (tenantId: string, code: string) => boolean): void {
    for (const [tenantId, { code }] of this.#rows) if (!isKept(tenantId, code)) this.#rows.delete(tenantId)
  }
}
