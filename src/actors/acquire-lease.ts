import type { Lease } from '../ports/index.js'
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
  const { lease, record } = await host.registry.acquire({
    tenantId: work.tenantId,
    owner: host.root.ownerId,
    ttlMs: host.settings.leaseTtlMs,
  })
  await keepOrGiveBack(host, work, lease)
  work.head = record.head
  work.phoneNumber = record.phoneNumber
  host.heartbeat.hold(work.tenantId, lease.epoch, onLost)
  if (record.desiredState === 'stopped') onStopped()
  return { epoch: lease.epoch }
}

/** A lease that came too late would be renewed for ever, and keep every other host from the tenant. */
export async function keepOrGiveBack(host: Host, work: TenantWork, lease: Lease): Promise<void> {
  if (work.isOver) await host.releases.add({ tenantId: work.tenantId, epoch: lease.epoch })
  work.checkLive()
  work.lease = lease
}
