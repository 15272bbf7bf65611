import { isSessionError, SessionError } from '../errors.js'
import { type FoundHead, findHead } from '../replication/find-head.js'
import { findLegacySession } from '../replication/legacy.js'
import type { LocalCopy } from '../session/local-copy.js'
import { keepOrGiveBack } from './acquire-lease.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

export interface FoundAtStart {
  /** Whether "the registry knows no head" was proven by the store. */
  readonly absence: 'proven' | 'unknown'
  /** Files of a backup in the older layout. */
  readonly imported: ReadonlyMap<string, string> | null
  /** Why it could not be proven. */
  readonly failure: unknown
}

/**
 * Asks the store when the registry knows no head: it may have been lost, or be older than the session. A head that is
 * found is made the registry's again.
 * @throws SessionError `corrupt` there are generations and none verifies · `fenced`
 */
export async function findAtStart(
  host: Host,
  work: TenantWork,
  local: LocalCopy | null,
): Promise<FoundAtStart> {
  const unknown: FoundAtStart = { absence: 'unknown', imported: null, failure: null }
  if (work.head !== null) return unknown
  try {
    const found = await findHead(host.store, work.tenantId)
    if (found) {
      await adopt(host, work, found)
      return unknown
    }
    const legacy = local === null ? await findLegacySession(host.store, work.tenantId) : null
    if (legacy && legacy.notUnderstood.length > 0) {
      host.logger.warn(
        { tenantId: work.tenantId, notUnderstood: legacy.notUnderstood },
        'parts of an older backup were not understood; they were left as they are',
      )
    }
    return { absence: 'proven', imported: legacy?.files ?? null, failure: null }
  } catch (error) {
    if (!isSessionError(error, 'unavailable', 'denied', 'missing')) throw error
    return { ...unknown, failure: error }
  }
}

/**
 * Makes a head that was found in the store the registry's again. Epochs of a lost registry must not be given again: the
 * lease is taken once more, above them.
 * @throws SessionError `fenced` · `unavailable` another head appeared meanwhile
 */
export async function adopt(host: Host, work: TenantWork, found: FoundHead): Promise<void> {
  work.checkLive()
  const { tenantId } = work
  const owner = host.root.ownerId
  if (found.maxEpoch >= work.epoch) {
    const request = { tenantId, owner, ttlMs: host.settings.leaseTtlMs, minEpoch: found.maxEpoch }
    const { lease } = await host.registry.acquire(request)
    await keepOrGiveBack(host, work, lease)
    host.heartbeat.renumber(tenantId, lease.epoch)
  }
  const { head } = found.restored
  const outcome = await host.commits.add({ tenantId, owner, epoch: work.epoch, expectedSeq: 0, head })
  if (outcome !== 'committed') {
    throw new SessionError(
      outcome === 'fenced' ? 'fenced' : 'unavailable',
      `Another head of tenant ${tenantId} appeared while its backup was looked for; it is looked at again.`,
    )
  }
  work.head = head
  work.marksBeyond = found.skipped.length > 0 ? found.marks : null
  host.logger.warn(
    { tenantId, seq: head.seq, skipped: found.skipped.length },
    'the registry knew no backup; it was found again in the store',
  )
}
