import { SessionError } from '../errors.js'
import { encodeGeneration, headSwap, uploadGeneration } from '../replication/commit.js'
import { FileTree } from '../replication/file-tree.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * For a session that the phone has logged out. The local copy goes to quarantine, and a generation with no files is
 * committed on top of the history: the next start, on whatever host and even with a lost registry, finds a session
 * that ended and pairs instead of running into 401 again. The old generations stay for the retention time.
 */
export async function setAside(host: Host, work: TenantWork): Promise<void> {
  await work.afterOtherBackups(async () => {
    const { tenantId, lease, head, folder } = work
    if (lease === null) throw new SessionError('fenced', `Tenant ${tenantId} is not ours any more.`)
    const unsaved = folder?.unsavedCount ?? 0
    await folder?.close()
    work.folder = null
    await host.root.quarantine(tenantId, 'logged-out')
    host.report({ type: 'session.quarantined', tenantId, reason: 'logged-out', unsaved })
    if (head === null) return
    const generation = await encodeGeneration({
      tenantId,
      epoch: lease.epoch,
      head,
      state: null,
      changes: new Map(),
      tree: new FileTree(),
      readFiles: () => new Map(),
      nowMs: work.nextCreatedAt(host.clock.now()),
      random: host.random,
      forceSnapshot: true,
    })
    await host.uploads.run('closing', () => uploadGeneration(host.store, generation.objects))
    const outcome = await host.commits.add(
      headSwap({ tenantId, owner: lease.owner, epoch: lease.epoch }, generation.head),
    )
    if (outcome !== 'committed') throw new SessionError('fenced', `Tenant ${tenantId} has another owner now.`)
    work.head = generation.head
  })
}
