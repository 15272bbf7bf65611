import { forLog } from '../errors.js'
import type { Clock, Logger, Registry } from '../ports/index.js'

interface Held {
  readonly epoch: number
  lost(): void
}

/**
 * Prolongs the leases of all tenants of this process with one statement a period. A registry that does not answer
 * loses nobody: no other host can take a lease from it either.
 */
export class Heartbeat {
  readonly #held = new Map<string, Held>()
  readonly #options: {
    registry: Registry
    clock: Clock
    logger: Logger
    owner: string
    ttlMs: number
    periodMs: number
  }
  #timer: unknown = null
  #hasFailed = false
  #closed = false

  constructor(options: {
    registry: Registry
    clock: Clock
    logger: Logger
    owner: string
    /** Life of a lease without renewal. */
    ttlMs: number
    periodMs: number
  }) {
    this.#options = options
  }

  hold(tenantId: string, epoch: number, lost: () => void): void {
    this.#held.set(tenantId, { epoch, lost })
    this.#arm()
  }

  /** The lease was taken once more, with a higher epoch. */
  renumber(tenantId: string, epoch: number): void {
    const held = this.#held.get(tenantId)
    if (held) this.#held.set(tenantId, { ...held, epoch })
  }

  /** Stops renewing; a lease that has been given up or lost is nobody's business here. */
  drop(tenantId: string, epoch: number): void {
    if (this.#held.get(tenantId)?.epoch === epoch) this.#held.delete(tenantId)
  }

  close(): void {
    this.#closed = true
    this.#held.clear()
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(delayMs = this.#options.periodMs): void {
    if (this.#closed || this.#timer !== null || this.#held.size === 0) return
    this.#timer = this.#options.clock.setTimeout(() => void this.#renew(), delayMs)
  }

  async #renew(): Promise<void> {
    const { registry, owner, ttlMs, periodMs, logger } = this.#options
    let nextMs = periodMs
    const asked = [...this.#held].map(([tenantId, { epoch }]) => ({ tenantId, epoch }))
    try {
      const kept = new Set(await registry.renew(owner, asked, ttlMs))
      for (const lease of asked) if (!kept.has(lease.tenantId)) this.#lose(lease.tenantId, lease.epoch)
      if (this.#hasFailed) logger.info({}, 'leases are renewed again')
      this.#hasFailed = false
    } catch (error) {
      // Told once: an outage of a day is a hundred thousand tries.
      const level = this.#hasFailed ? 'debug' : 'warn'
      this.#hasFailed = true
      logger[level](
        { err: forLog(error), tenants: asked.length },
        'leases not renewed; bots go on, it is tried again',
      )
      // Back before the hosts that wait for expired leases: they give way for two periods.
      nextMs = periodMs / 5
    }
    this.#timer = null
    this.#arm(nextMs)
  }

  #lose(tenantId: string, epoch: number): void {
    const held = this.#held.get(tenantId)
    if (held?.epoch !== epoch) return
    this.#held.delete(tenantId)
    held.lost()
  }
}
