/** What the stand-in for WhatsApp saw: who is connected through which process, and what must never happen. */
export class Watch {
  /** Connections that a second one of the same tenant replaced. */
  replaced = 0
  /** Changes that were acknowledged on the disk, and that the tenant's next session did not have. */
  lostWrites = 0
  #at = new Map()

  opened(tenantId, pid) {
    this.#at.set(tenantId, Number(pid))
  }

  closed(tenantId, pid, code) {
    if (code === 440) this.replaced++
    if (this.#at.get(tenantId) === Number(pid)) this.#at.delete(tenantId)
  }

  lost(_tenantId, count) {
    this.lostWrites += count
  }

  get connected() {
    return this.#at.size
  }

  through(pid) {
    return [...this.#at.values()].filter((at) => at === pid).length
  }

  /** Numbers of tenants by process. */
  get counts() {
    return [...new Set(this.#at.values())].map((pid) => this.through(pid))
  }
}
