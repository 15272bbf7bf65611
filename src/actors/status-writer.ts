import { forLog } from '../errors.js'
import type { Clock, Logger, Registry, StatusUpdate } from '../ports/index.js'

/**
 * Statuses of all tenants, merged and written as one statement a period. A failed write is kept and merged with what
 * comes later: the newest status wins, and a registry that is away costs one entry a tenant.
 */
export class StatusWriter {
  readonly #pending = new Map<string, StatusUpdate>()
  readonly #registry: Registry
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #periodMs: number
  #timer: unknown = null
  #hasFailed = false
  #writing: Promise<void> = Promise.resolve()

  constructor(options: { registry: Registry; clock: Clock; logger: Logger; periodMs: number }) {
    this.#registry = options.registry
    this.#clock = options.clock
    this.#logger = options.logger
    this.#periodMs = options.periodMs
  }

  set(update: StatusUpdate): void {
    this.#pending.set(update.tenantId, merge(this.#pending.get(update.tenantId), update))
    this.#timer ??= this.#clock.setTimeout(() => void this.flush(), this.#periodMs)
  }

  /** Writes what is pending; resolves when it is written or has failed (it is then kept for the next time). */
  flush(): Promise<void> {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  close(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
    this.#pending.clear()
  }

  async #write(): Promise<void> {
    const updates = [...this.#pending.values()]
    if (updates.length === 0) return
    this.#pending.clear()
    try {
      await this.#registry.updateStatus(updates)
      this.#hasFailed = false
    } catch (error) {
      // Told once, as long as it goes on.
      const level = this.#hasFailed ? 'debug' : 'warn'
      this.#hasFailed = true
      this.#logger[level](
        { err: forLog(error), tenants: updates.length },
        'status not written; it is tried again',
      )
      for (const update of updates) {
        const newer = this.#pending.get(update.tenantId)
        this.#pending.set(update.tenantId, newer ? merge(update, newer) : update)
      }
      this.#timer ??= this.#clock.setTimeout(() => void this.flush(), this.#periodMs * 4)
    }
  }
}

function merge(older: StatusUpdate | undefined, newer: StatusUpdate): StatusUpdate {
  return older && older.epoch === newer.epoch ? { ...older, ...newer } : newer
}
