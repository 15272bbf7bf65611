import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Takes the tenant's lease and, with it, the head that only its holder moves.
 * @throws SessionError `leased` another owner has it · `unavailable` the registry does not answer
 */
export async function acquireLease(
  host: Host,
  work: TenantWork,
  onLost: () => void,
  minEpoch?: number,
): Promise<{ epoch: number }> {
  const { lease, record } = await host.registry.acquire({
    tenantId: work.tenantId,
    owner: host.root.ownerId,
    ttlMs: host.settings.leaseTtlMs,
    minEpoch,
  })
  work.lease = lease
  work.head = record.head
  work.phoneNumber = record.phoneNumber
  host.heartbeat.hold(work.tenantId, lease.epoch, onLost)
  return { epoch: lease.epoch }
}
