import { SessionError } from '../errors.js'
import type { Head } from '../ports/index.js'
import { type FoundHead, findHead } from '../replication/find-head.js'
import { continuesHead } from '../replication/verdict.js'
import { adopt } from './find-at-start.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * Makes sure that the head a new generation is put upon is the right one, for the two cases in which it may not be:
 * the session was started while the store could not be asked whether it holds older generations, or a swap found
 * another head than expected.
 * @throws SessionError `undecided` the store holds generations that this copy knows nothing of; nothing was written
 */
export async function proveHead(host: Host, work: TenantWork): Promise<void> {
  if (work.headDoubtful) await readHeadAgain(host, work)
  if (!work.absenceUnproven) return
  const found = await findHead(host.store, work.tenantId)
  if (found !== null) await goOnFrom(host, work, found)
  work.absenceUnproven = false
}

/**
 * What lies in the store may be this very copy's: an upload that was not answered before the process was killed. Then
 * the copy goes on top of it.
 */
async function goOnFrom(host: Host, work: TenantWork, found: FoundHead): Promise<void> {
  refuseUnlessContinued(work, found.restored.head)
  refuseUnlessContinued(work, found.newest)
  // Not answered, it may have been done, and another attempt at it may be found the next time.
  work.headDoubtful = true
  await adopt(host, work, found)
  work.headDoubtful = false
  work.chain = null
  work.snapshotOwed = true
}

function refuseUnlessContinued(work: TenantWork, head: Head | FoundHead['newest']): void {
  if (continuesHead(work.startedFrom, head)) return
  throw new SessionError(
    'undecided',
    `The store holds generations of tenant ${work.tenantId} that this local session does not continue; nothing was written over them. Stop the session, then restore it or move the local folder away.`,
  )
}

/**
 * The lease is ours, so nobody else moves the head: whatever it is, our copy goes on top of it, whole. One that started
 * without knowing of a head must continue it.
 */
async function readHeadAgain(host: Host, work: TenantWork): Promise<void> {
  const record = await host.registry.read(work.tenantId)
  if (record?.lease?.epoch !== work.epoch || record.lease.owner !== work.lease?.owner) {
    throw new SessionError('fenced', `Tenant ${work.tenantId} has another owner now; this one stops writing.`)
  }
  if (work.absenceUnproven && record.head !== null) refuseUnlessContinued(work, record.head)
  work.head = record.head
  work.chain = null
  work.snapshotOwed = true
  work.absenceUnproven = record.head === null
  work.headDoubtful = false
}
