import { SessionError } from '../errors.js'
import type { Lease } from '../ports/index.js'
import { deleteTenant } from '../replication/collect.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Deletes the session everywhere: in the store (verified by a listing), in the registry, on disk (last, so that an
 * interrupted deletion can be said again).
 * @throws SessionError `unavailable` something may be left; say it again · `fenced` it has another owner
 */
export async function wipe(host: Host, work: TenantWork): Promise<void> {
  const { lease, folder, tenantId } = work
  work.isOver = true
  if (lease === null) throw new SessionError('fenced', `Tenant ${tenantId} is not ours; nothing was deleted.`)
  const refuseUnlessOurs = () => {
    if (work.lease === lease) return
    throw new SessionError('fenced', `Tenant ${tenantId} has another owner now; the deletion was broken off.`)
  }
  await work.afterOtherBackups(async () => {
    refuseUnlessOurs()
    await proveOurs(host, lease, tenantId)
    await folder?.close()
    work.folder = null
    await deleteTenant(host.store, tenantId, refuseUnlessOurs)
    await host.registry.clearHead(tenantId, lease.owner, lease.epoch)
    // The status written at the end would put the number back, and keep it from another tenant.
    work.phoneNumber = null
    work.head = null
    await host.root.remove(tenantId)
  })
}

/** A lease may be lost without our knowing it yet; what its new owner has stored is not ours to delete. */
async function proveOurs(host: Host, { owner, epoch }: Lease, tenantId: string): Promise<void> {
  const held = await host.registry.renew(owner, [{ tenantId, epoch }], host.settings.leaseTtlMs)
  if (held.includes(tenantId)) return
  throw new SessionError('fenced', `Tenant ${tenantId} has another owner now; nothing was deleted.`)
}
