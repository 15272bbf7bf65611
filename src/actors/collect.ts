import { forLog } from '../errors.js'
import { collectGarbage } from '../replication/collect.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/**
 * How often the listing of a tenant that commits nothing is looked at again: once the store has lost what its head
 * needs (a bucket that was emptied, a rule that removes old objects), only this copy has the session.
 */
const lookAgainMs = 3_600_000

/**
 * Deletes what retention no longer asks for, if the tenant has committed anything since the last time. A head that the
 * store has lost objects of is replaced by a snapshot at the next backup.
 */
export async function collectIfDue(host: Host, work: TenantWork): Promise<void> {
  const { head, lease, tenantId } = work
  if (head === null || lease === null) return
  const nowMs = host.clock.now()
  const isRecent = nowMs >= work.collectedAt && nowMs - work.collectedAt < lookAgainMs
  if (head.seq === work.collectedSeq && isRecent) return
  try {
    const chain = work.chain?.head.digest === head.digest ? work.chain.chain : null
    const { removed, headIsWhole } = await collectGarbage(host.store, { tenantId, head, chain, nowMs })
    work.collectedSeq = head.seq
    work.collectedAt = nowMs
    if (!headIsWhole && work.head === head) oweSnapshot(host, work)
    if (removed > 0) host.logger.debug({ tenantId, removed }, 'old generations removed')
  } catch (error) {
    host.logger.warn({ tenantId, err: forLog(error) }, 'old generations not removed; it is tried again')
  }
}

function oweSnapshot(host: Host, work: TenantWork): void {
  work.chain = null
  work.snapshotOwed = true
  host.logger.error(
    { tenantId: work.tenantId, seq: work.head?.seq },
    'the store has lost objects of the newest backup; a whole one is made at the next audit. Look at who deletes there',
  )
}
