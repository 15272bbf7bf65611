import { forLog } from './errors.js'
import type { Clock, Kin, Logger, Registry } from './ports/index.js'
import type { SessionRoot } from './session/index.js'
import type { Settings } from './settings.js'
import type { HostFact } from './supervisor-api.js'

interface TakeOverParts {
  readonly registry: Registry
  readonly root: Pick<SessionRoot, 'owner'>
  readonly settings: Pick<Settings, 'claimPeriodMs' | 'leaseRenewMs'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Looks for a sign of life in each period of a heartbeat. */
const looksAPeriod = 2
/** A process that has not checked in for so many periods has ended, or stands still. */
const silentPeriods = 3

/**
 * Settles, before a process does anything as a host, what it is to the registry. It inherits the leases of the process
 * that used its session directory before: at once when that is proven to have ended, else when it was silent for some
 * heartbeats. While one that has the directory's id lives, this directory is a copy: it gets an id of its own, and the
 * process goes on as one more host, which is told.
 * @throws SessionError `unavailable` the registry
 */
export async function takeOver(parts: TakeOverParts): Promise<HostFact | null> {
  const { registry, root, logger } = parts
  const { owner } = root
  const { directory, endedFormer } = owner
  const kin = (await registry.kin(directory)).filter((one) => one.owner !== owner.id)
  const ended = kin.filter((one) => one.owner === endedFormer)
  const others = kin.filter((one) => one.owner !== endedFormer)
  const isCopy = await isAlive(parts, others)
  // Noted before anything is inherited: killed between the two, the next process finds both in the registry.
  await (isCopy ? owner.separate() : owner.note()).catch((error: unknown) => {
    // A full disk must not keep sessions from connecting; the next start only waits longer for what this one leaves.
    logger.warn({ err: forLog(error) }, notNoted)
  })
  for (const { owner: from } of ended) await registry.inherit({ from, to: owner.id, seen: null })
  if (!isCopy) for (const seen of others) await registry.inherit({ from: seen.owner, to: owner.id, seen })
  if (!isCopy) return null
  const fact: HostFact = { type: 'directory.cloned', hostId: owner.id, message: cloned }
  logger.warn({ host: owner.id.slice(0, 8), was: directory.slice(0, 8) }, cloned)
  return fact
}

const notNoted =
  'this run could not be noted in .supervisor/owner.json; the next start on this disk waits for its leases to end. Look at the disk'
const cloned =
  'this session directory is a copy of one that another host uses now: this host goes on under an id of its own, as an additional host, and the other keeps its sessions. Stop one of the two if that was not meant, and leave .supervisor out of images and copies'

/** Whether one of them gives a sign of life, or another one comes, while a process that lives would have to. */
async function isAlive({ registry, root, settings, clock }: TakeOverParts, seen: readonly Kin[]) {
  if (seen.length === 0) return false
  const { claimPeriodMs, leaseRenewMs } = settings
  const everyMs = claimPeriodMs / looksAPeriod
  // One that never checks in is heard when it renews its leases.
  const checksIn = seen.every(({ checkedInUntil }) => checkedInUntil !== null)
  const forMs = checksIn ? silentPeriods * claimPeriodMs : 1.2 * leaseRenewMs
  const own = [root.owner.id, root.owner.endedFormer]
  for (let passedMs = 0; passedMs < forMs; passedMs += everyMs) {
    await new Promise<void>((next) => void clock.setTimeout(next, everyMs))
    const now = await registry.kin(root.owner.directory)
    if (now.some((one) => !own.includes(one.owner) && hasMoved(one, seen))) return true
  }
  return false
}

function hasMoved(now: Kin, seen: readonly Kin[]): boolean {
  const before = seen.find(({ owner }) => owner === now.owner)
  const later = (name: 'checkedInUntil' | 'heldUntil') => (now[name] ?? 0) > (before?.[name] ?? 0)
  return later('checkedInUntil') || later('heldUntil')
}
