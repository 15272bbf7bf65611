import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/** Another owner works with this session now: nothing is written any more, nothing is deleted. */
export async function abandon(host: Host, work: TenantWork): Promise<void> {
  const { lease, folder } = work
  work.isOver = true
  work.lease = null
  work.folder = null
  if (lease) host.heartbeat.drop(work.tenantId, lease.epoch)
  if (folder === null) host.root.forget(work.tenantId)
  await folder?.close()
}
