import type { ReleaseInput } from '../../machines/contracts.js'
import { endsForGood, endsForNow } from './ends-for-good.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Closes the local copy and gives the lease up, so that the next owner need not wait for its end. A session that ended
 * for good is marked as stopped before that: a host that waits for the lease would bring it up again.
 */
export async function release(host: Host, work: TenantWork, input: ReleaseInput): Promise<void> {
  const { lease, tenantId } = work
  work.isOver = true
  if (work.folder === null) host.root.forget(tenantId)
  await work.folder?.close()
  work.folder = null
  if (lease === null) return
  host.statuses.set({ tenantId, owner: lease.owner, epoch: lease.epoch, unsaved: input.unsaved })
  await host.statuses.flush()
  if (endsForGood(input.reason) && !work.neverLinked) await markStopped(host, tenantId)
  // Lost meanwhile: it is nothing of ours any more.
  if (work.lease !== lease) return
  host.heartbeat.drop(tenantId, lease.epoch)
  work.lease = null
  const ended = endsForNow(input.reason) && !work.neverLinked
  await host.releases.add({ tenantId, epoch: lease.epoch, ended })
}

async function markStopped(host: Host, tenantId: string): Promise<void> {
  try {
    await host.registry.setDesired(tenantId, 'stopped')
  } catch (error) {
    host.logger.warn({ tenantId, err: error }, 'not noted that the tenant is to stay stopped')
  }
}
