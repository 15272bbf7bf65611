import { forLog } from '../errors.js'
import { collectGarbage } from '../replication/collect.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/** Deletes what retention no longer asks for, if the tenant has committed anything since the last time. */
export async function collectIfDue(host: Host, work: TenantWork): Promise<void> {
  const { head, lease, tenantId } = work
  if (head === null || lease === null || head.seq === work.collectedSeq) return
  try {
    const chain = work.chain?.head.digest === head.digest ? work.chain.chain : null
    const { removed } = await collectGarbage(host.store, { tenantId, head, chain, nowMs: host.clock.now() })
    work.collectedSeq = head.seq
    if (removed > 0) host.logger.debug({ tenantId, removed }, 'old generations removed')
  } catch (error) {
    host.logger.warn({ tenantId, err: forLog(error) }, 'old generations not removed; it is tried again')
  }
}
