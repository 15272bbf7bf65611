import { SessionError } from '../errors.js'
import type { Lease } from '../ports/index.js'
import { deleteTenant } from '../replication/collect.js'
import type { Host } from './host.js'
import { markEnded } from './mark-ended.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Deletes the session everywhere: in the store (verified by a listing), in the registry, on disk. Before that the tenant
 * is marked as stopped and its session as ended, and the mark goes last: a deletion that is cut off leaves a tenant that
 * can be deleted again or paired, not one whose backups are damaged.
 * @throws SessionError `fenced` another owner has it, nothing was deleted · `unavailable` something may be left; say it
 *   again
 */
export async function wipe(host: Host, work: TenantWork): Promise<void> {
  const { lease, folder, tenantId } = work
  work.isOver = true
  if (lease === null) throw new SessionError('fenced', `Tenant ${tenantId} is not ours; nothing was deleted.`)
  // Asked each time: this host may have stood still since, and whoever has the tenant now may have paired it again.
  const refuseUnlessOurs = async () => {
    if (work.lease === lease && (await isHeld(host, tenantId, lease))) return
    work.lease = null
    throw new SessionError('fenced', `Tenant ${tenantId} has another owner now; the deletion was broken off.`)
  }
  await work.afterOtherBackups(async () => {
    await refuseUnlessOurs()
    await folder?.close()
    work.folder = null
    await host.registry.setDesired(tenantId, 'stopped')
    // Nothing of it may go on top of the mark.
    if ((await host.root.inspect(tenantId)) !== null) await host.root.quarantine(tenantId, 'deleted')
    const mark = await markEnded(host, work, lease)
    await deleteTenant(host.store, tenantId, { mayGo: refuseUnlessOurs, last: mark?.key ?? null })
    await host.registry.clearHead(tenantId, lease.owner, lease.epoch)
    // The status written at the end would put the number back, and keep it from another tenant.
    work.phoneNumber = null
    work.head = null
    await host.root.remove(tenantId)
  })
}

/** Asked before anything is deleted: another owner may have the tenant, and this host not know it yet. */
async function isHeld(host: Host, tenantId: string, { owner, epoch }: Lease): Promise<boolean> {
  const held = await host.registry.renew(owner, [{ tenantId, epoch }], host.settings.leaseTtlMs)
  return held.includes(tenantId)
}
