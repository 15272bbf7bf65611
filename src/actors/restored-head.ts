import type { RestoreOutput } from '../../machines/contracts.js'
import { FileTree } from '../replication/file-tree.js'
import { prepareOlder } from '../replication/older.js'
import { type NewestRestored, restoreNewest } from '../replication/walk-back.js'
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
  const newest = loaded ?? (await restoreNewest(host.store, work.tenantId, head))
  work.checkLive()
  const { restored } = newest
  // A head that was found beside newer, unusable generations is an older one too, and no less.
  const fellBack = newest.fellBack || head.marks.nextPreKeyId > restored.head.marks.nextPreKeyId
  const files = fellBack ? prepareOlder(restored.files, newest.marks).files : restored.files
  // What was fallen back to is not the head: all of it is owed as a new snapshot on top.
  const base = baseOf(work.epoch, fellBack ? null : head)
  const hashes = fellBack ? undefined : restored.tree
  const copy = await host.root.replace(work.tenantId, files, base, { reason: 'superseded', hashes })
  work.chain = fellBack ? null : restored.chainState
  work.snapshotOwed = fellBack
  host.report({
    type: 'session.restored',
    tenantId: work.tenantId,
    seq: restored.head.seq,
    files: files.size,
    downloads: restored.downloads,
    durationMs: host.clock.now() - startedAt,
    fellBack,
    skippedSeqs: newest.skipped.map(({ seq }) => seq),
  })
  return await openWork(host, work, { copy, base, committed: fellBack ? null : restored.tree }, 'found')
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
