import { SessionError } from '../errors.js'
import type { Head, Lease } from '../ports/index.js'
import { encodeGeneration, headSwap, uploadGeneration } from '../replication/commit.js'
import { FileTree } from '../replication/file-tree.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

const emptyTree = new FileTree().digest()
const triesToMark = 3

/**
 * Commits a generation with no files on top of the history: the next start, on whatever host and even with a lost
 * registry, finds a session that ended. Where nothing was ever committed, nothing is marked.
 * @returns the head now
 * @throws SessionError `fenced` another owner has the tenant · `unavailable` it may be marked or not
 */
export async function markEnded(host: Host, work: TenantWork, lease: Lease): Promise<Head | null> {
  const { tenantId } = work
  for (let tries = 0; tries < triesToMark; tries++) {
    const { head } = work
    if (head === null || head.tree === emptyTree) return head
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
    if (outcome === 'fenced') throw new SessionError('fenced', `Tenant ${tenantId} has another owner now.`)
    if (outcome === 'committed') {
      work.head = generation.head
      return work.head
    }
    // A backup that was not answered has come through.
    work.head = (await host.registry.read(tenantId))?.head ?? null
  }
  throw new SessionError('unavailable', `The head of tenant ${tenantId} is not the one expected; try again.`)
}
