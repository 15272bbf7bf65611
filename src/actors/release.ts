import type { ReleaseInput } from '../../machines/contracts.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/** Closes the local copy and gives the lease up, so that the next owner need not wait for its end. */
export async function release(host: Host, work: TenantWork, input: ReleaseInput): Promise<void> {
  const { lease, tenantId } = work
  await work.folder?.close()
  work.folder = null
  if (lease === null) return
  host.statuses.set({ tenantId, owner: lease.owner, epoch: lease.epoch, unsaved: input.unsaved })
  await host.statuses.flush()
  host.heartbeat.drop(tenantId, lease.epoch)
  work.lease = null
  await host.releases.add({ tenantId, epoch: lease.epoch })
}
