import { SessionError } from '../errors.js'
import type { Host } from './host.js'
import { markEnded } from './mark-ended.js'
import type { TenantWork } from './tenant-work.js'

/**
 * For a session that the phone has logged out. The local copy goes to quarantine, and a generation with no files is
 * committed on top of the history: the next start, on whatever host and even with a lost registry, finds a session
 * that ended and pairs instead of running into 401 again. The old generations stay for the retention time.
 */
export async function setAside(host: Host, work: TenantWork): Promise<void> {
  await work.afterOtherBackups(async () => {
    const { tenantId, lease, folder } = work
    if (lease === null) throw new SessionError('fenced', `Tenant ${tenantId} is not ours any more.`)
    const unsaved = folder?.unsavedCount ?? 0
    await folder?.close()
    work.folder = null
    await host.root.quarantine(tenantId, 'logged-out')
    host.report({ type: 'session.quarantined', tenantId, reason: 'logged-out', unsaved })
    await markEnded(host, work, lease)
  })
}
