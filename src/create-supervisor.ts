import { statfs } from 'node:fs/promises'
import type { UserFacingSocketConfig, WASocket } from '@whiskeysockets/baileys'
import { checkWebhook, type WebhookConfig } from './alerts/index.js'
import { assembleSupervisor } from './assemble-supervisor.js'
import type { Config, RegistryConfig, StoreConfig } from './config.js'
import { defaultLogger } from './logger.js'
import { checkStore, isRegistry, isStore, registryOf, storeOf } from './open-parts.js'
import {
  type Clock,
  type DeviceLink,
  type Logger,
  type ObjectStore,
  type Random,
  type ReadDiskSpace,
  type Registry,
  systemClock,
} from './ports/index.js'
import { releaseFormer } from './release-former.js'
import {
  formerOwnersOf,
  openSessionRoot,
  type RestoreThreadsOptions,
  type SessionRoot,
  type SessionRootOptions,
} from './session/index.js'
import { checkSettings, type Settings } from './settings.js'
import { shutDownOnSignals } from './signals.js'
import type { Supervisor } from './supervisor.js'
import { baileysLink } from './whatsapp/baileys-link.js'

export interface SupervisorOptions {
  /** Working copies of the sessions. Default `./whatsapp-sessions`. */
  readonly sessionPath?: string
  /** Where backups go: a description, or a store of your own. */
  readonly store: StoreConfig | ObjectStore
  /** Where leases, heads and statuses are kept: a description, or a registry of your own. */
  readonly registry: RegistryConfig | Registry
  readonly settings?: Partial<Settings>
  /** Passed to Baileys' `makeWASocket`; `auth` is always the supervisor's. */
  readonly socketConfig?: Partial<Omit<UserFacingSocketConfig, 'auth'>>
  /** WhatsApp Web's address, when it is not WhatsApp's own. */
  readonly socketUrl?: string
  /** A pino logger, or anything with its four methods. Default: warnings and errors to standard error. */
  readonly logger?: Logger
  /** Bring up, soon after this resolves, every tenant that is to run. Default true. */
  readonly resume?: boolean
  /** Shut down in order on SIGTERM and SIGINT, then end by the same signal. Default true. */
  readonly signals?: boolean
  /** The way to WhatsApp, when it is not Baileys. */
  readonly link?: DeviceLink<WASocket>
  /** Where alerts are sent, signed with the secret. `supervisor.on('alert', …)` tells of them too. */
  readonly webhook?: WebhookConfig
  /** How full the disk of the sessions is, when it is not what the system says; null: no alerts about it from here. */
  readonly readDisk?: ReadDiskSpace | null
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Makes a supervisor of WhatsApp sessions. `createSupervisor(configFromEnv())` takes everything from the environment.
 *
 * What can be known to be wrong is refused before anything is touched. A store that does not answer is not: tenants
 * with a local session start without it, the others wait for it.
 * @throws SessionError `invalid` · `denied` the credentials · `missing` the bucket (run `session-supervisor setup`) ·
 *   `locked` another process uses the directory · `unavailable` the registry
 */
export async function createSupervisor(options: SupervisorOptions | Config): Promise<Supervisor<WASocket>> {
  return await openSupervisor(options, openSessionRoot, ({ path }) => formerOwnersOf(path, 1))
}

type Place = Pick<SessionRootOptions, 'path' | 'clock' | 'random' | 'threads'>

/**
 * As `createSupervisor`, in a session directory that is opened by `openRoot`.
 * @param formerOwners owner ids of processes that worked in the directory and have ended, as its lock proves
 */
export async function openSupervisor(
  options: SupervisorOptions | Config,
  openRoot: (place: Place) => Promise<SessionRoot>,
  formerOwners: (root: SessionRoot) => string[] = () => [],
): Promise<Supervisor<WASocket>> {
  const given: SupervisorOptions = options
  const settings = checkSettings(given.settings)
  const webhook = given.webhook === undefined ? null : checkWebhook(given.webhook)
  const logger = given.logger ?? defaultLogger('logLevel' in options ? options.logLevel : 'warn')
  if ('warnings' in options) for (const warning of options.warnings) logger.warn({}, warning)
  warnOfOldNode(logger)
  if ('workers' in options && options.workers > 1)
    logger.warn(
      {},
      'WORKERS is not heeded here: one process runs all; use runWorkers, or session-supervisor start',
    )
  const clock = given.clock ?? systemClock
  const store = isStore(given.store) ? given.store : storeOf(given.store)
  await checkStore(store, logger)
  const registry = isRegistry(given.registry) ? given.registry : registryOf(given.registry, clock)
  const random = given.random ?? Math.random
  const path = given.sessionPath ?? './whatsapp-sessions'
  const threads = threadsOf(settings, logger)
  const root = await openRoot({ path, clock, random, threads })
  try {
    await registry.open()
    await releaseFormer(registry, formerOwners(root), logger)
  } catch (error) {
    await root.close()
    throw error
  }
  const link = given.link ?? linkOf(given, { logger, clock, settings })
  let undoSignals = () => {}
  const alerts = {
    webhook,
    readDisk: given.readDisk === undefined ? () => spaceOf(root.path) : given.readDisk,
  }
  const parts = { settings, logger, clock, random, store, registry, root, link, alerts }
  const supervisor = assembleSupervisor(parts, async () => {
    undoSignals()
    // What the caller brought is the caller's to close.
    if (registry !== given.registry) await registry.close()
    if (store !== given.store) await store.close()
  })
  if (given.signals ?? true) undoSignals = shutDownOnSignals(supervisor, logger)
  if (given.resume ?? true) resumeSoon(supervisor, logger)
  return supervisor
}

function threadsOf({ restoreThreads: most }: Settings, logger: Logger): RestoreThreadsOptions {
  const unavailable = (error: unknown) =>
    logger.warn({ err: error }, 'no threads to restore sessions with; they are restored one after the other')
  return { most, unavailable }
}

/** After the caller's listeners are attached. */
function resumeSoon(supervisor: Supervisor<WASocket>, logger: Logger): void {
  setImmediate(() => {
    supervisor.resume().catch((error: unknown) => {
      logger.error(
        { err: error },
        'tenants not brought up; if the registry does not answer, it is tried again',
      )
    })
  })
}

function linkOf(
  given: SupervisorOptions,
  { logger, clock, settings }: { logger: Logger; clock: Clock; settings: Settings },
): DeviceLink<WASocket> {
  const socketUrl = given.socketUrl ? { waWebSocketUrl: given.socketUrl } : {}
  return baileysLink({
    socketConfig: { ...socketUrl, ...given.socketConfig },
    logger,
    clock,
    sendLimitMs: Math.min(2_000, settings.stopLimitMs),
    sendAfterBackup: settings.sendAfterBackup,
  })
}

async function spaceOf(path: string) {
  const { bavail, blocks, bsize } = await statfs(path)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

function warnOfOldNode(logger: Logger): void {
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 24) return
  logger.warn(
    { node: process.versions.node },
    'Node 24 is recommended: Baileys takes about a tenth of the CPU time there, and its memory does not grow with reconnects',
  )
}
