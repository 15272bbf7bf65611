import { isSessionError, SessionError } from '../errors.js'
import type { Lease, LeasedTenant } from '../ports/index.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Takes the tenant's lease and, with it, the head that only its holder moves. `onStopped` is called when the tenant is
 * to stay stopped: somebody said so, or its session ended for good, while this host waited for the lease.
 * @throws SessionError `leased` another owner has it · `unavailable` the registry does not answer · `closed` it was
 *   given when the session had ended, and is given back
 */
export async function acquireLease(
  host: Host,
  work: TenantWork,
  { onLost, onStopped }: { onLost: () => void; onStopped: () => void },
): Promise<{ epoch: number }> {
  const { lease, record } = await acquire(host, work)
  await keepOrGiveBack(host, work, lease)
  work.head = record.head
  const { lastBackupAt, lastConnectedAt, lastDisconnectedAt } = record
  const heardAt = Math.max(0, ...[lastBackupAt, lastConnectedAt, lastDisconnectedAt].map((at) => at ?? 0))
  work.silentMs = lease.expiresAt - host.settings.leaseTtlMs - heardAt
  work.phoneNumber = record.phoneNumber
  const { tenantId } = work
  host.heartbeat.hold(tenantId, lease.epoch, () => {
    host.report({ type: 'lease.lost', tenantId, epoch: work.epoch })
    onLost()
  })
  work.waitsForLease = false
  host.report({ type: 'lease.acquired', tenantId, epoch: lease.epoch })
  if (record.desiredState === 'stopped') onStopped()
  return { epoch: lease.epoch }
}

/** A lease that came too late would be renewed for ever, and keep every other host from the tenant. */
export async function keepOrGiveBack(host: Host, work: TenantWork, lease: Lease): Promise<void> {
  if (work.isOver) await host.releases.add({ tenantId: work.tenantId, epoch: lease.epoch })
  work.checkLive()
  work.lease = lease
}

async function acquire(host: Host, work: TenantWork): Promise<LeasedTenant> {
  const { tenantId, claimed } = work
  const owner = host.root.ownerId
  work.claimed = null
  if (claimed) return claimed
  try {
    if (work.registryAwayAt !== null) await giveWay(host, work, work.registryAwayAt)
    return await host.registry.acquire({ tenantId, owner, ttlMs: host.settings.leaseTtlMs })
  } catch (error) {
    if (isSessionError(error, 'unavailable')) work.registryAwayAt = host.clock.now()
    // One that was held before is another owner's now.
    if (isSessionError(error, 'leased')) {
      forgetLease(host, work)
      // Once for each wait, however often it asks.
      if (!work.waitsForLease) host.report({ type: 'lease.refused', tenantId })
      work.waitsForLease = true
    }
    throw error
  }
}

function forgetLease(host: Host, work: TenantWork): void {
  if (work.lease) host.heartbeat.drop(work.tenantId, work.lease.epoch)
  work.lease = null
  // Who has it may be another process on this directory.
  host.root.leave(work.tenantId)
}

/**
 * A registry that was away has let every lease expire. Their owners are alive and first need the time to renew them:
 * taking one at once would cost its session a fight over the device and what it could not commit meanwhile.
 */
async function giveWay(host: Host, work: TenantWork, awayAt: number): Promise<void> {
  const graceMs = 2 * host.settings.leaseRenewMs
  const passedMs = host.clock.now() - awayAt
  // A clock that was set back would hold this up for as much.
  if (passedMs >= graceMs || passedMs < 0) return
  const lease = (await host.registry.read(work.tenantId))?.lease ?? null
  if (lease === null || lease.owner === host.root.ownerId || lease.expiresAt === 0) return
  throw new SessionError(
    'leased',
    `The registry was away a moment ago: the owner of tenant ${work.tenantId} has ${graceMs} ms to renew its lease.`,
  )
}
