import type { RestoreOutput } from '../../machines/contracts.js'
import { FileTree } from '../replication/file-tree.js'
import type { NewestRestored } from '../replication/walk-back.js'
import { baseOf } from './base-of.js'
import type { Host } from './host.js'
import { openWork } from './open-work.js'
import type { TenantWork } from './tenant-work.js'

const emptyTree = new FileTree().digest()

/**
 * Puts the head, or what is left of it, in the place of the local copy. A head without files is a session that ended:
 * nothing is restored, pairing may go on top.
 */
export async function bringHeadIntoPlace(
  host: Host,
  work: TenantWork,
  loaded?: NewestRestored,
): Promise<RestoreOutput> {
  const head = work.head!
  if (head.tree === emptyTree) {
    await quarantine(host, work, 'logged-out')
    return await openWork(
      host,
      work,
      {
        copy: await host.root.inspect(work.tenantId),
        committed: new FileTree(),
        base: baseOf(work.epoch, head),
      },
      'none',
    )
  }
  const startedAt = host.clock.now()
  const { tenantId } = work
  const request = { tenantId, head, base: baseOf(work.epoch, head) }
  const checkLive = () => work.checkLive()
  const restored = await host.root.restoreHead(request, { store: host.store, loaded, checkLive })
  const { copy, base, hashes, chain, seq, fellBack, skippedSeqs, downloads } = restored
  work.chain = chain
  work.snapshotOwed = fellBack
  const durationMs = host.clock.now() - startedAt
  const told = { tenantId, seq, files: hashes.size, downloads, durationMs, fellBack, skippedSeqs }
  host.report({ type: 'session.restored', ...told })
  return await openWork(host, work, { copy, base, committed: fellBack ? null : hashes }, 'found')
}

/** Moves the local copy, if there is one, out of the way. */
export async function quarantine(host: Host, work: TenantWork, reason: string): Promise<void> {
  if ((await host.root.inspect(work.tenantId)) === null) return
  await host.root.quarantine(work.tenantId, reason)
  reportQuarantine(host, work, reason, 0)
}

export function reportQuarantine(host: Host, work: TenantWork, reason: string, unsaved: number): void {
  host.report({ type: 'session.quarantined', tenantId: work.tenantId, reason, unsaved })
}
