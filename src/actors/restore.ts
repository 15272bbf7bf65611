import type { RestoreOutput } from '../../machines/contracts.js'
import { SessionError } from '../errors.js'
import { FileTree } from '../replication/file-tree.js'
import { continuesHead, decideVerdict, type Verdict } from '../replication/verdict.js'
import type { LocalCopy } from '../session/local-copy.js'
import { baseOf } from './base-of.js'
import { type FoundAtStart, findAtStart } from './find-at-start.js'
import type { Host } from './host.js'
import { keepLocal } from './keep-local.js'
import { openWork } from './open-work.js'
import { bringHeadIntoPlace, quarantine, reportQuarantine } from './restored-head.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Decides between the local copy and the head, brings the right one into place and opens it.
 * @throws SessionError `undecided` neither pair nor write; try again · `corrupt` a person must look · `fenced` ·
 *   `unavailable` · `denied` · `closed` the session has ended meanwhile: nothing was put in place or opened
 */
export async function restore(host: Host, work: TenantWork): Promise<RestoreOutput> {
  try {
    return await host.restores.add(() => restoreNow(host, work))
  } catch (error) {
    if (!work.isOver) host.report({ type: 'restore.failed', tenantId: work.tenantId, error })
    throw error
  }
}

async function restoreNow(host: Host, work: TenantWork): Promise<RestoreOutput> {
  work.checkLive()
  await work.folder?.close()
  work.folder = null
  const local = await host.root.inspect(work.tenantId)
  const found = await findAtStart(host, work, local)
  work.checkLive()
  const verdict = decideVerdict({
    local: local && { ...local, unsaved: local.unsaved.size },
    head: work.head,
    absence: found.absence,
  })
  return await carryOut(host, work, { local, found, verdict })
}

interface Decision {
  readonly local: LocalCopy | null
  readonly found: FoundAtStart
  readonly verdict: Verdict
}

async function carryOut(
  host: Host,
  work: TenantWork,
  { local, found, verdict }: Decision,
): Promise<RestoreOutput> {
  switch (verdict.verdict) {
    case 'cannotTell':
      throw new SessionError(
        verdict.reason === 'damaged' ? 'corrupt' : 'undecided',
        `Tenant ${work.tenantId}: ${verdict.message}`,
        {
          cause: found.failure,
        },
      )
    case 'noBackup':
      if (verdict.quarantine) await quarantine(host, work, 'unpaired')
      return await startAfresh(host, work, found)
    case 'current':
      return await keepUnlessOlder(host, work, local!, found)
    case 'ahead':
      work.absenceUnproven = verdict.proveEmpty
      work.startedFrom = local!.base
      return await keepUnlessOlder(host, work, local!, found)
    case 'remoteAhead':
      if (verdict.quarantine) reportQuarantine(host, work, 'superseded', verdict.unsaved)
      return await bringHeadIntoPlace(host, work)
  }
}

/** A copy from before generations that cannot be used any more is as old as the head: both lack what WhatsApp was told then. */
async function keepUnlessOlder(
  host: Host,
  work: TenantWork,
  copy: LocalCopy,
  { beyond }: FoundAtStart,
): Promise<RestoreOutput> {
  if (beyond === null || continuesHead(copy.base, beyond)) return await keepLocal(host, work, copy)
  reportQuarantine(host, work, 'superseded', copy.unsaved.size)
  return await bringHeadIntoPlace(host, work)
}

/** Nothing anywhere: a backup in the older layout is imported, or a new identity may be made. */
async function startAfresh(host: Host, work: TenantWork, found: FoundAtStart): Promise<RestoreOutput> {
  const { tenantId } = work
  const base = baseOf(work.epoch, null)
  if (found.imported !== null) {
    await host.root.replace(tenantId, found.imported, base, { reason: 'imported' })
    host.report({ type: 'session.imported', tenantId, files: found.imported.size })
  }
  const copy = await host.root.inspect(tenantId)
  return await openWork(host, work, { copy, base, committed: new FileTree() }, copy ? 'found' : 'none')
}
