import { z } from 'zod'
import { defaultDelays, type MachineDelays } from '../machines/index.js'
import { SessionError } from './errors.js'

/** Every figure that can be tuned. Times in milliseconds, sizes in bytes. */
export interface Settings extends MachineDelays {
  /** Uploads at a time, of all tenants together. */
  readonly uploadConcurrency: number
  /** Uploads started a second, of all tenants together; `Infinity` for no budget. */
  readonly uploadsPerSecond: number
  /** Sessions restored at a time. */
  readonly restoreConcurrency: number
  /** Threads that verify and write restored sessions when many come at once, at most as many as there are cores; 0 for none. */
  readonly restoreThreads: number
  /** New connections to WhatsApp started at a time. */
  readonly connectConcurrency: number
  readonly leaseTtlMs: number
  readonly leaseRenewMs: number
  /** Sessions that this process claims at most; `Infinity` for no limit. Those started here by name come on top. */
  readonly capacity: number
  /** Between looks for tenants that are to run and that no host has; ± 10 % of jitter. */
  readonly claimPeriodMs: number
  /** The hosts must have been the same for so long before sessions are handed over to even their numbers out. */
  readonly rebalanceAfterMs: number
  /** Longest that WhatsApp is kept waiting for a change to become durable. */
  readonly barrierLimitMs: number
  /**
   * True: nothing that we send reaches WhatsApp before the key changes behind it are durable (bounded by
   * `barrierLimitMs`), so that not even the loss of process and disk in mid-traffic loses a ratchet step. Costs an
   * upload for every burst of messages instead of one a quiet period.
   */
  readonly sendAfterBackup: boolean
  /** Larger payloads are split. Must stay below the bucket's size limit. */
  readonly maxObjectBytes: number
  /** Commits that arrive within this time, and 1 ms more for each upload under way, go to the database as one statement. */
  readonly commitLingerMs: number
  /** Statuses are written at most this late. */
  readonly statusPeriodMs: number
  /** Old generations are looked for this often, a tenant at a time; 0 for never. */
  readonly collectIntervalMs: number
  /** Everything that `shutdown` does is over by then. */
  readonly shutdownDeadlineMs: number
  /** A worker process whose event loop has not turned for so long is killed, and started again. */
  readonly workerStuckAfterMs: number
  /** Pause before a worker process that died is started again; doubles with each death, up to `workerRestartMaxMs`. */
  readonly workerRestartMinMs: number
  readonly workerRestartMaxMs: number
  /** Counted reconnects after which a link gives up; 0 for never. */
  readonly maxRetries: number
  /** A connected session with changes without a backup for longer raises an alert. */
  readonly alertUnprotectedMs: number
  /** So many failures in a row raise an alert. */
  readonly alertFailures: number
  /** Failures for so long without a success raise an alert, however few they are. */
  readonly alertFailingMs: number
  /** Waiting so long for a lease that another host keeps raises an alert. */
  readonly alertLeaseMs: number
  /** So many tenants whose connection WhatsApp refused as outdated (405) within `alertWindowMs` raise one alert. */
  readonly alertOutdatedTenants: number
  /** How long what happened lately counts for alerts. */
  readonly alertWindowMs: number
  /** Less room than this on the disk of the sessions raises an alert. */
  readonly alertDiskFreeBytes: number
  /** So does less than this share of it, from 0 to 1. */
  readonly alertDiskFreeRatio: number
  /** Between looks for alerts; ± 10 % of jitter. */
  readonly alertPeriodMs: number
  /** Between looks at the disk; ± 10 % of jitter. */
  readonly alertDiskPeriodMs: number
  /** An alert is resolved when nothing was found for so long. */
  readonly alertResolveMs: number
  /** Longest wait for the answer to one delivery of an alert. */
  readonly webhookTimeoutMs: number
  /** Wait before the second try of a delivery; doubled for each one after it. */
  readonly webhookRetryMs: number
  /** Tries of a delivery. */
  readonly webhookTries: number
  /** Longest that `shutdown` waits for the deliveries that are left. */
  readonly webhookFlushMs: number
}

export const defaultSettings: Settings = {
  ...defaultDelays,
  uploadConcurrency: 16,
  uploadsPerSecond: Number.POSITIVE_INFINITY,
  restoreConcurrency: 16,
  restoreThreads: 4,
  connectConcurrency: 8,
  leaseTtlMs: 15_000,
  leaseRenewMs: 5_000,
  capacity: Number.POSITIVE_INFINITY,
  claimPeriodMs: 1_000,
  rebalanceAfterMs: 10_000,
  barrierLimitMs: 5_000,
  sendAfterBackup: false,
  maxObjectBytes: 4 * 1024 * 1024,
  commitLingerMs: 10,
  statusPeriodMs: 500,
  collectIntervalMs: 600_000,
  shutdownDeadlineMs: 10_000,
  workerStuckAfterMs: 15_000,
  workerRestartMinMs: 500,
  workerRestartMaxMs: 30_000,
  maxRetries: 0,
  alertUnprotectedMs: 300_000,
  alertFailures: 5,
  alertFailingMs: 300_000,
  alertLeaseMs: 300_000,
  alertOutdatedTenants: 2,
  alertWindowMs: 600_000,
  alertDiskFreeBytes: 256 * 1024 * 1024,
  alertDiskFreeRatio: 0.05,
  alertPeriodMs: 30_000,
  alertDiskPeriodMs: 120_000,
  alertResolveMs: 60_000,
  webhookTimeoutMs: 10_000,
  webhookRetryMs: 2_000,
  webhookTries: 5,
  webhookFlushMs: 2_000,
}

/** Longest delay that timers keep: above 2^31 − 1 ms they fire at once. */
export const maxDelayMs = 2 ** 31 - 1

/** Largest capacity that is not `Infinity`: what a column of the registry holds. */
const maxCapacity = 2 ** 31 - 1

const mayBeZero = new Set<string>([
  'alertDiskFreeBytes',
  'alertDiskFreeRatio',
  'alertResolveMs',
  'capacity',
  'collectIntervalMs',
  'commitLingerMs',
  'maxRetries',
  'quietPeriodMs',
  'restoreThreads',
])
const mayBeInfinite = new Set<string>(['capacity', 'uploadsPerSecond'])
const counts = new Set<string>([
  'alertFailures',
  'alertOutdatedTenants',
  'webhookTries',
  'capacity',
  'uploadConcurrency',
  'restoreConcurrency',
  'restoreThreads',
  'connectConcurrency',
  'maxRetries',
])

function schemaOf(name: string, value: number | boolean): z.ZodType {
  if (typeof value === 'boolean') return z.boolean({ error: 'true or false' })
  const whole = counts.has(name) ? z.number().int() : z.number()
  const least = mayBeZero.has(name) ? whole.min(0) : whole.positive()
  const schema = name === 'capacity' ? least.max(maxCapacity) : name.endsWith('Ratio') ? least.max(1) : least
  if (mayBeInfinite.has(name)) return z.union([schema, z.literal(Number.POSITIVE_INFINITY)])
  return name.endsWith('Ms') ? schema.max(maxDelayMs) : schema
}

const settingsSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(defaultSettings).map(([name, value]) => [name, schemaOf(name, value).optional()]),
  ),
)

/**
 * The defaults with `given` on top, checked.
 * @throws SessionError `invalid`, e.g. `expected quietPeriodMs >= 0, got -5`
 */
export function checkSettings(given: Partial<Settings> = {}): Settings {
  const result = settingsSchema.safeParse(given)
  if (!result.success) {
    const problems = result.error.issues.map((issue) => describe(issue, given))
    throw new SessionError('invalid', `Settings refused: ${problems.join('; ')}. Nothing was started.`)
  }
  const settings: Settings = { ...defaultSettings, ...definedOf(given) }
  if (settings.leaseRenewMs * 2 > settings.leaseTtlMs) {
    throw new SessionError(
      'invalid',
      `Settings refused: expected leaseTtlMs >= 2 × leaseRenewMs, got ${settings.leaseTtlMs} and ${settings.leaseRenewMs}: one late renewal would lose the lease.`,
    )
  }
  return settings
}

function definedOf(given: Partial<Settings>): Partial<Settings> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function describe(issue: z.core.$ZodIssue, given: object): string {
  if (issue.code === 'unrecognized_keys') return `unknown setting ${issue.keys.join(', ')}`
  if (issue.path.length === 0) return 'expected an object'
  const name = String(issue.path[0])
  const value = shown((given as Record<string, unknown>)[name])
  switch (issue.code) {
    case 'too_small':
      return `expected ${name} ${issue.inclusive ? '>=' : '>'} ${issue.minimum}, got ${value}`
    case 'too_big':
      return `expected ${name} <= ${issue.maximum}, got ${value}`
    default:
      return `expected ${name} to be ${expectedOf(name)}, got ${value}`
  }
}

/** Not every value can be made a text. */
function shown(value: unknown): string {
  return typeof value === 'object' || typeof value === 'function' ? typeof value : String(value)
}

function expectedOf(name: string): string {
  if (typeof defaultSettings[name as keyof Settings] === 'boolean') return 'true or false'
  return counts.has(name) ? 'a whole number' : 'a number'
}
