import type { RestoreOutput } from '../../machines/contracts.js'
import type { Head } from '../ports/index.js'
import type { FileTree } from '../replication/file-tree.js'
import { hasTried } from '../replication/verdict.js'
import { type NewestRestored, restoreNewest } from '../replication/walk-back.js'
import type { LocalCopy } from '../session/local-copy.js'
import { baseOf } from './base-of.js'
import type { Host } from './host.js'
import { openWork } from './open-work.js'
import { bringHeadIntoPlace } from './restored-head.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Goes on with the local copy, which is the head or continues it. Nothing is downloaded unless a file is damaged or
 * it cannot be told from the folder alone what the head holds.
 */
export async function keepLocal(host: Host, work: TenantWork, copy: LocalCopy): Promise<RestoreOutput> {
  const { head } = work
  if (head === null) return await keep(host, work, copy, { base: baseOf(work.epoch, null) })
  const base = baseOf(work.epoch, head)
  if (copy.damaged.length === 0) {
    const committed = knownCommitted(copy, head)
    if (committed) return await keep(host, work, copy, { base, committed })
    if (!standsOn(copy, head)) return await keepWhole(host, work, copy)
    if (copy.committed !== null && isNext(copy, head)) {
      return await keep(host, work, copy, { base, continues: true })
    }
  }
  return await keepWithHead(host, work, copy, await restoreNewest(host.store, work.tenantId, head))
}

async function keepWithHead(
  host: Host,
  work: TenantWork,
  copy: LocalCopy,
  newest: NewestRestored,
): Promise<RestoreOutput> {
  work.checkLive()
  const { restored, fellBack } = newest
  if (fellBack) {
    // The head cannot be read, but its continuation may lie here whole.
    if (copy.damaged.length === 0) return await keepWhole(host, work, copy)
    return await bringHeadIntoPlace(host, work, newest)
  }
  if (!isOneTime(copy, work.head!, restored.tree)) return await bringHeadIntoPlace(host, work, newest)
  work.chain = restored.chainState
  const base = baseOf(work.epoch, work.head)
  return await keep(host, work, copy, { base, committed: restored.tree }, restored.files)
}

/** All of the copy goes on top of the head, as a snapshot: nothing of the head is to come in between. */
function keepWhole(host: Host, work: TenantWork, copy: LocalCopy): Promise<RestoreOutput> {
  work.snapshotOwed = true
  return keep(host, work, copy, { base: baseOf(work.epoch, null) })
}

async function keep(
  host: Host,
  work: TenantWork,
  copy: LocalCopy,
  options: { base: ReturnType<typeof baseOf>; committed?: FileTree; continues?: boolean },
  contents: ReadonlyMap<string, string> = new Map(),
): Promise<RestoreOutput> {
  const output = await openWork(host, work, { ...options, copy }, 'found')
  const { tenantId, folder } = work
  const flawed = folder!.flawed.length
  if (flawed > 0) {
    const left = await folder!.heal(contents)
    host.report({ type: 'files.healed', tenantId, files: flawed - left.length })
    if (left.length > 0) host.report({ type: 'files.damaged', tenantId, files: left.length })
  }
  host.report({ type: 'session.kept', tenantId, unsaved: folder!.unsavedCount })
  return output
}

/**
 * True when the head is what the copy was made from, or one that it tried since. False, as it may
 * be after a lost registry, for an upload that nobody ever continued, and for a head before the one that the copy was
 * made from: what differs is not known then, and what the copy lacks of the head is not missing.
 */
function standsOn({ base }: LocalCopy, head: Head): boolean {
  if (base === null) return false
  return base.head?.digest === head.digest || hasTried(base, head)
}

/**
 * The head is the one commit that a kill can have left without its note in the journal. More of them and the journal has
 * lost records: it does not know what else was deleted.
 */
function isNext({ base }: LocalCopy, head: Head): boolean {
  return head.seq === (base?.head?.seq ?? 0) + 1
}

/** The head's file set, when the folder proves it. */
function knownCommitted(copy: LocalCopy, head: Head): FileTree | null {
  if (copy.hashes.digest() === head.tree) return copy.hashes
  return copy.committed?.digest() === head.tree ? copy.committed : null
}

/**
 * True when healing the damaged files from the head gives a session of one time: either nothing else differs from the
 * head, or the journal stands on this very head and names every file that differs, none of them damaged.
 */
function isOneTime(copy: LocalCopy, head: Head, committed: FileTree): boolean {
  if (copy.damaged.length === 0) return true
  const damaged = new Set(copy.damaged)
  const journalKnows = copy.journal === 'intact' && copy.base?.head?.digest === head.digest
  const names = new Set([...committed.names(), ...copy.hashes.names(), ...damaged])
  for (const name of names) {
    if (damaged.has(name)) {
      if (copy.unsaved.has(name)) return false
    } else if (copy.hashes.get(name) !== committed.get(name)) {
      if (!journalKnows || !copy.unsaved.has(name)) return false
    }
  }
  return true
}
