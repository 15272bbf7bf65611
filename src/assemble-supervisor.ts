import PQueue from 'p-queue'
import { Batch } from './actors/batch.js'
import { Heartbeat } from './actors/heartbeat.js'
import { StatusWriter } from './actors/status-writer.js'
import { UploadQueue } from './actors/upload-queue.js'
import { Alerts, Webhook, type WebhookConfig } from './alerts/index.js'
import type {
  Clock,
  DeviceLink,
  HeadSwap,
  Logger,
  ObjectStore,
  Random,
  ReadDiskSpace,
  Registry,
  Release,
  SwapOutcome,
} from './ports/index.js'
import type { SessionRoot } from './session/index.js'
import type { Settings } from './settings.js'
import { Supervisor } from './supervisor.js'
import type { SupervisorEvents } from './supervisor-api.js'
import { TurnQueue } from './turn-queue.js'
import { TypedEvents } from './typed-events.js'

/** What a supervisor is made of, open and checked. */
export interface SupervisorParts<Socket> {
  readonly settings: Settings
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
  readonly store: ObjectStore
  readonly registry: Registry
  readonly root: SessionRoot
  readonly link: DeviceLink<Socket>
  /** Undefined: nobody looks for alerts. */
  readonly alerts?: { readonly readDisk: ReadDiskSpace | null; readonly webhook: WebhookConfig | null }
}

/**
 * Wires a supervisor to its parts. It brings nobody up by itself and listens to no signal.
 * @param closed called when it has shut down; the session directory is closed then
 */
export function assembleSupervisor<Socket>(
  parts: SupervisorParts<Socket>,
  closed: () => Promise<void> = async () => {},
): Supervisor<Socket> {
  const { settings, logger, clock, registry, root } = parts
  const owner = root.ownerId
  const { leaseTtlMs: ttlMs, leaseRenewMs: periodMs, commitLingerMs: lingerMs } = settings
  const heartbeat = new Heartbeat({ ...parts, owner, ttlMs, periodMs })
  const statuses = new StatusWriter({ registry, clock, logger, periodMs: settings.statusPeriodMs })
  const uploads = new UploadQueue({
    concurrency: settings.uploadConcurrency,
    perSecond: settings.uploadsPerSecond,
  })
  const host = {
    ...parts,
    heartbeat,
    statuses,
    uploads,
    restores: new PQueue({ concurrency: settings.restoreConcurrency }),
    connects: new TurnQueue(settings.connectConcurrency),
    commits: new Batch<HeadSwap, SwapOutcome>({
      send: (swaps) => registry.commit(swaps),
      clock,
      // Each upload that runs ends in a commit: the more there are, the fuller a statement gets by waiting for them.
      lingerMs: () => (uploads.running === 0 ? 0 : lingerMs + uploads.running),
    }),
    releases: new Batch<Release, void>({
      send: async (leases) => {
        await registry.release(owner, leases)
        return leases.map(() => undefined)
      },
      clock,
      lingerMs: () => lingerMs,
    }),
  }
  const events = new TypedEvents<SupervisorEvents>(logger)
  const closeParts = async () => {
    await alerts?.close()
    heartbeat.close()
    await statuses.flush()
    statuses.close()
    await root.close()
    await closed()
  }
  const supervisor = new Supervisor<Socket>(host, closeParts, events)
  const alerts = alertsOf(parts, supervisor, events)
  return supervisor
}

function alertsOf<Socket>(
  parts: SupervisorParts<Socket>,
  supervisor: Supervisor<Socket>,
  events: TypedEvents<SupervisorEvents>,
): Alerts | null {
  if (parts.alerts === undefined) return null
  const { readDisk, webhook: config } = parts.alerts
  const told = (result: SupervisorEvents['webhook']['result']) => events.emit('webhook', { result })
  const webhook = config && new Webhook({ ...parts, config, host: supervisor.hostId.slice(0, 8), told })
  return new Alerts({ ...parts, supervisor, readDisk, webhook, tell: (alert) => events.emit('alert', alert) })
}
