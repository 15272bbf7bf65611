import type { WebhookConfig } from '../alerts/index.js'
import type { LogLevel, RegistryConfig, StoreConfig } from '../config.js'
import { SessionError } from '../errors.js'
import type { Settings } from '../settings.js'

/** What a worker process is told when it starts. */
export interface WorkerOptions {
  /** From 1. */
  readonly worker: number
  /** URL of the user's module; null for a server, which has no handlers. */
  readonly module: string | null
  /** Tenants are claimed as soon as it is up. */
  readonly resume: boolean
  readonly logLevel: LogLevel
  readonly sessionPath: string
  readonly store: StoreConfig
  readonly registry: RegistryConfig
  readonly settings: Partial<Settings>
  readonly socketUrl?: string
  readonly webhook?: WebhookConfig
}

const mostWorkers = 256

/** @throws SessionError `invalid` */
export function checkWorkers(workers: unknown): number {
  if (Number.isSafeInteger(workers) && Number(workers) >= 1 && Number(workers) <= mostWorkers)
    return Number(workers)
  throw new SessionError(
    'invalid',
    `workers refused: expected a whole number from 1 to ${mostWorkers}. Nothing was started.`,
  )
}

/** What is said of a host is divided: each worker gets its part of the capacity and of the budget of uploads. */
export function settingsOfWorker(
  settings: Partial<Settings>,
  { worker, workers }: { worker: number; workers: number },
): Partial<Settings> {
  const { capacity, uploadsPerSecond } = settings
  const least = capacity === undefined ? 0 : Math.floor(capacity / workers)
  return {
    ...settings,
    ...(capacity === undefined ? {} : { capacity: least + (worker <= capacity - least * workers ? 1 : 0) }),
    ...(uploadsPerSecond === undefined ? {} : { uploadsPerSecond: Math.max(1, uploadsPerSecond / workers) }),
  }
}
