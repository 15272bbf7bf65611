import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkWebhook, type WebhookConfig } from '../alerts/index.js'
import { type LogLevel, type RegistryConfig, type StoreConfig, shareProblem } from '../config.js'
import { SessionError } from '../errors.js'
import { defaultLogger } from '../logger.js'
import { checkStore, registryOf, storeOf } from '../open-parts.js'
import { type Logger, systemClock } from '../ports/index.js'
import { releaseFormer } from '../release-former.js'
import { formerOwnersOf, openSessionRoot } from '../session/index.js'
import { checkSettings, type Settings } from '../settings.js'
import { shutDownOnSignals } from '../signals.js'
import { checkWorkers, settingsOfWorker } from './worker-options.js'
import { Workers } from './workers.js'

export interface WorkersOptions {
  /** Processes, from 1. More than the machine has cores help nobody. */
  readonly workers: number
  /**
   * Module whose default export is called with the supervisor of each worker: sockets live there, and so do your
   * handlers. A path is taken from the current directory. Without one, nobody handles messages.
   */
  readonly module?: string | URL
  /** Default `./whatsapp-sessions`. */
  readonly sessionPath?: string
  readonly store: StoreConfig
  /** A PostgreSQL: workers are processes that share tenants. */
  readonly registry: RegistryConfig
  /** `capacity` and `uploadsPerSecond` are those of all workers together, all else counts for each. */
  readonly settings?: Partial<Settings>
  readonly socketUrl?: string
  /** Alerts are sent there too, by the worker that they are about; one about the disk by the first worker alone. */
  readonly webhook?: WebhookConfig
  /** Gets the lines of all workers, with the field `worker`. Default: as `createSupervisor`. */
  readonly logger?: Logger
  readonly logLevel?: LogLevel
  readonly warnings?: readonly string[]
  /** Bring up, soon after this resolves, every tenant that is to run. Default true. */
  readonly resume?: boolean
  /** Shut down in order on SIGTERM and SIGINT, then end by the same signal. Default true. */
  readonly signals?: boolean
}

/**
 * Runs the tenants of this host in several processes, because all sockets of one process share one thread. Each is a
 * host of its own to the registry, so tenants spread evenly and never run twice; the session directory is the one that a
 * single process uses. A process that dies is started again. `runWorkers({ ...configFromEnv(), workers, module })`.
 * @throws SessionError `invalid`, also for a store or registry that processes cannot share · `locked` another process
 *   uses the directory · `denied` · `missing` · `unavailable`; and what the module throws
 */
export async function runWorkers(options: WorkersOptions): Promise<Workers> {
  const workers = checkWorkers(options.workers)
  const settings = checkSettings(options.settings)
  const problem = shareProblem(options.store, options.registry)
  if (problem !== null) throw new SessionError('invalid', `Workers refused: ${problem}. Nothing was touched.`)
  if (options.webhook !== undefined) checkWebhook(options.webhook)
  const logLevel = options.logLevel ?? (options.logger ? 'info' : 'warn')
  const logger = options.logger ?? defaultLogger(logLevel)
  for (const warning of options.warnings ?? []) logger.warn({}, warning)
  const pool = await open({ ...options, workers, logLevel }, settings, logger)
  if (options.resume ?? true) resumeSoon(pool, logger)
  return pool
}

type Given = WorkersOptions & { readonly logLevel: LogLevel }

async function open(given: Given, settings: Settings, logger: Logger): Promise<Workers> {
  const clock = systemClock
  const store = storeOf(given.store)
  await checkStore(store, logger)
  const sessionPath = path.resolve(given.sessionPath ?? './whatsapp-sessions')
  // Workers of a parent that was killed drain first.
  const waitForWorkersMs = 2 * settings.shutdownDeadlineMs
  const root = await openSessionRoot({ path: sessionPath, clock, random: Math.random, waitForWorkersMs })
  const registry = registryOf(given.registry, clock)
  let undoSignals = () => {}
  const closed = async () => {
    undoSignals()
    await registry.close()
    await store.close()
    await root.close()
  }
  try {
    // Here first, so that no worker finds tables that are being made.
    await registry.open()
    await releaseFormer(registry, formerOwnersOf(sessionPath, given.workers), logger)
  } catch (error) {
    await closed()
    throw error
  }
  const optionsOf = workerOptionsOf(given, sessionPath)
  const pool = new Workers({ ...given, settings, logger, clock, store, registry, root, optionsOf, closed })
  if (given.signals ?? true) undoSignals = shutDownOnSignals(pool, logger)
  await pool.open()
  return pool
}

function workerOptionsOf({ workers, module, settings = {}, ...given }: Given, sessionPath: string) {
  const { logLevel, store, registry, socketUrl, webhook } = given
  const url = module === undefined ? null : urlOf(module)
  return (worker: number) => ({
    ...{ worker, module: url, logLevel, sessionPath, store, registry, socketUrl, webhook },
    settings: settingsOfWorker(settings, { worker, workers }),
  })
}

function urlOf(module: string | URL): string {
  if (module instanceof URL) return module.href
  return module.startsWith('file:') ? module : pathToFileURL(path.resolve(module)).href
}

/** After the caller's listeners are attached. */
function resumeSoon(pool: Workers, logger: Logger): void {
  setImmediate(() => {
    pool.resume().catch((error: unknown) => {
      logger.error(
        { err: error },
        'tenants not brought up; if the registry does not answer, it is tried again',
      )
    })
  })
}
