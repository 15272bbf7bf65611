import type { Clock, DiskSpace, Logger, Random, ReadDiskSpace } from '../ports/index.js'
import type { Settings } from '../settings.js'
import type { Supervisor } from '../supervisor.js'
import { ActiveAlerts } from './active-alerts.js'
import type { Alert } from './alert.js'
import type { AlertRule } from './rule.js'
import { allRules } from './rules/index.js'
import type { Webhook } from './webhook.js'

export type Watched = Pick<Supervisor<unknown>, 'on' | 'sessions' | 'isShuttingDown'>

export interface AlertParts {
  readonly supervisor: Watched
  readonly settings: Settings
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Null: another process of this host looks at the disk, so that one disk raises one alert. */
  readonly readDisk: ReadDiskSpace | null
  /** Null: nobody is told outside the process. */
  readonly webhook: Webhook | null
  tell(alert: Alert): void
}

/** A fact that may raise an alert is looked into this late, together with those that come after it. */
const soonMs = 1_000

/**
 * Looks now and then at all sessions, and soon after what went wrong; raises and resolves alerts. One timer for the
 * whole process; nothing it does keeps anybody waiting.
 */
export class Alerts {
  readonly #parts: AlertParts
  readonly #rules: readonly { readonly rule: AlertRule; readonly active: ActiveAlerts }[]
  readonly #undo: readonly (() => void)[]
  #timer: unknown = null
  #dueAt = Number.POSITIVE_INFINITY
  #disk: DiskSpace | null = null
  #diskDueAt = 0
  #isClosed = false

  constructor(parts: AlertParts) {
    this.#parts = parts
    const { supervisor, settings, clock } = parts
    this.#rules = allRules(settings).map((rule) => ({
      rule,
      active: new ActiveAlerts(rule, settings.alertResolveMs),
    }))
    this.#undo = [
      supervisor.on('fact', (fact) => {
        const now = clock.now()
        // Every rule hears it.
        const worth = this.#rules.filter(({ rule }) => rule.note?.(fact, now) ?? false)
        if (worth.length > 0) this.#lookIn(soonMs)
      }),
    ]
    this.#lookIn(this.#jittered(settings.alertPeriodMs))
  }

  /** Ends within the webhook's limit for its last deliveries. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const stop of this.#undo) stop()
    if (this.#timer !== null) this.#parts.clock.clearTimeout(this.#timer)
    await this.#parts.webhook?.close()
  }

  #lookIn(delayMs: number): void {
    const { clock } = this.#parts
    const dueAt = clock.now() + delayMs
    if (this.#isClosed || dueAt >= this.#dueAt) return
    if (this.#timer !== null) clock.clearTimeout(this.#timer)
    this.#dueAt = dueAt
    this.#timer = clock.setTimeout(() => {
      this.#timer = null
      this.#dueAt = Number.POSITIVE_INFINITY
      void this.#look().finally(() => this.#lookIn(this.#jittered(this.#parts.settings.alertPeriodMs)))
    }, delayMs)
  }

  async #look(): Promise<void> {
    const { supervisor, clock, logger } = this.#parts
    await this.#readDisk()
    // What ends on purpose is no alert.
    if (this.#isClosed || supervisor.isShuttingDown) return
    const now = clock.now()
    const view = { now, sessions: supervisor.sessions, disk: this.#disk }
    for (const { rule, active } of this.#rules) {
      try {
        for (const alert of active.update(rule.look(view), now)) this.#tell(alert)
      } catch (error) {
        logger.error({ rule: rule.name, err: error }, 'a look for alerts failed; the others go on')
      }
    }
  }

  async #readDisk(): Promise<void> {
    const { clock, settings, readDisk, logger } = this.#parts
    const now = clock.now()
    if (readDisk === null || now < this.#diskDueAt) return
    this.#diskDueAt = now + this.#jittered(settings.alertDiskPeriodMs)
    try {
      this.#disk = await readDisk()
    } catch (error) {
      this.#disk = null
      logger.warn({ err: error }, 'it cannot be told how full the disk of the sessions is; it is asked again')
    }
  }

  #tell(alert: Alert): void {
    const { logger, webhook } = this.#parts
    const { rule, state, tenantId, tenants, message, advice } = alert
    const fields = { alert: rule, state, tenants, ...(tenantId === null ? {} : { tenantId }) }
    if (state === 'raised') logger.error(fields, `alert: ${message}. ${advice}`)
    else logger.info(fields, `alert resolved: ${message}`)
    this.#parts.tell(alert)
    webhook?.push(alert)
  }

  /** ± 10 %, so that many hosts do not ask at once. */
  #jittered(ms: number): number {
    return ms * (0.9 + 0.2 * this.#parts.random())
  }
}
