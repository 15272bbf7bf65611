import { isSessionError, SessionError } from '../errors.js'
import type { Head } from '../ports/index.js'
import { type FoundHead, findHead } from '../replication/find-head.js'
import { findLegacySession } from '../replication/legacy.js'
import { maxEpoch } from '../replication/object-names.js'
import { continuesHead } from '../replication/verdict.js'
import { listGenerations } from '../replication/walk-back.js'
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
  /** The newest generation in the store, when the head that was found there is an older one. */
  readonly beyond: FoundHead['newest'] | null
}

/** Epochs left out above the highest known one: a lost registry may have given some that left nothing in the store. */
const epochGap = 1_000

/** Hand-overs, restarts and hosts that were lost are followed by another start well within this. */
const longSilenceMs = 600_000

/**
 * Asks the store when the registry knows no head, or may know an old one: it may have been lost, or restored from a dump.
 * A head that is found is made the registry's again.
 * @throws SessionError `corrupt` there are generations and none verifies · `fenced` · `unavailable` the registry
 */
export async function findAtStart(
  host: Host,
  work: TenantWork,
  local: LocalCopy | null,
): Promise<FoundAtStart> {
  const unknown: FoundAtStart = { absence: 'unknown', imported: null, failure: null, beyond: null }
  const base = local?.base ?? null
  // This registry has not given that epoch: another one did, which was lost or of which it is an old dump.
  if (base !== null && base.epoch >= work.epoch) await takeLeaseAbove(host, work, base.epoch)
  if (work.head !== null) {
    const newer = await newerThanHead(host, work, work.head, base)
    if (newer === null) return unknown
    await adopt(host, work, newer)
    return { ...unknown, beyond: newer.skipped.length > 0 ? newer.newest : null }
  }
  let found: FoundHead | null
  try {
    found = await findHead(host.store, work.tenantId, { base })
    if (found === null)
      return { ...unknown, absence: 'proven', imported: await legacyFiles(host, work, local) }
  } catch (error) {
    if (!isSessionError(error, 'unavailable', 'denied', 'missing')) throw error
    return { ...unknown, failure: error }
  }
  // Not answered, it may have been done: only the registry can tell, so this start begins anew.
  await adopt(host, work, found)
  return { ...unknown, beyond: found.skipped.length > 0 ? found.newest : null }
}

/**
 * What the store has, if it proves that the registry is a restored dump: a generation is only made on top of the head, so
 * one that is two beyond it, or of an epoch that is still to be given, was on top of a newer one. Asked only where the
 * registry has heard nothing of the session for a while, as in a dump: every other start does without a listing. A copy
 * that is this head's goes on when the store does not answer.
 */
async function newerThanHead(
  host: Host,
  work: TenantWork,
  head: Head,
  base: LocalCopy['base'],
): Promise<FoundHead | null> {
  if (work.silentMs < longSilenceMs) return null
  const listed = await listGenerations(host.store, work.tenantId).catch((error: unknown) => {
    if (!continuesHead(base, head) || !isSessionError(error, 'unavailable', 'denied', 'missing')) throw error
    return []
  })
  const newest = listed[0]?.name.generation
  if (newest === undefined || newest.seq <= head.seq) return null
  if (newest.seq === head.seq + 1 && newest.epoch < work.epoch) return null
  return await findHead(host.store, work.tenantId, { base })
}

async function legacyFiles(host: Host, { tenantId }: TenantWork, local: LocalCopy | null) {
  const legacy = local === null ? await findLegacySession(host.store, tenantId) : null
  if (legacy && legacy.notUnderstood.length > 0) {
    host.logger.warn(
      { tenantId, notUnderstood: legacy.notUnderstood },
      'parts of an older backup were not understood; they were left as they are',
    )
  }
  return legacy?.files ?? null
}

/**
 * Makes a head that was found in the store the registry's again. Epochs of a lost registry must not be given again: the
 * lease is taken once more, above them.
 * @throws SessionError `fenced` · `unavailable` another head appeared meanwhile, or it is not known
 */
export async function adopt(host: Host, work: TenantWork, found: FoundHead): Promise<void> {
  work.checkLive()
  if (mayRepeatEpochs(found, work.epoch)) await takeLeaseAbove(host, work, found.maxEpoch)
  const { tenantId } = work
  const head = found.skipped.length > 0 ? markedAsOlder(found) : found.restored.head
  const owner = host.root.ownerId
  const outcome = await host.commits.add({
    tenantId,
    owner,
    epoch: work.epoch,
    expectedSeq: work.head?.seq ?? 0,
    head,
  })
  if (outcome !== 'committed') {
    throw new SessionError(
      outcome === 'fenced' ? 'fenced' : 'unavailable',
      `Another head of tenant ${tenantId} appeared while its backup was looked for; it is looked at again.`,
    )
  }
  const before = work.head
  work.head = head
  host.logger.warn(
    { tenantId, seq: head.seq, known: before?.seq ?? 0, skipped: found.skipped.length },
    before === null
      ? 'the registry knew no backup; it was found again in the store'
      : 'the registry knew an older backup only, as one does that was restored from a dump; the newest in the store is used',
  )
}

/**
 * Found beside newer generations, which cannot be used, a head is not all that WhatsApp was told. Whoever restores it
 * sees that by marks above its own, until a snapshot of an older state lies on top.
 */
function markedAsOlder({ restored, marks }: FoundHead): Head {
  return { ...restored.head, marks: { nextPreKeyId: marks.nextPreKeyId + 1 } }
}

/** A registry that was not lost knows of no head because none was ever swapped in: only first generations lie there then. */
function mayRepeatEpochs(found: FoundHead, epoch: number): boolean {
  return found.maxEpoch >= epoch || (found.newest.seq > 1 && epoch <= found.maxEpoch + epochGap)
}

async function takeLeaseAbove(host: Host, work: TenantWork, epoch: number): Promise<void> {
  const { tenantId } = work
  const minEpoch = Math.max(epoch, Math.min(epoch + epochGap, maxEpoch - 1))
  const request = { tenantId, owner: host.root.ownerId, ttlMs: host.settings.leaseTtlMs, minEpoch }
  const { lease } = await host.registry.acquire(request)
  await keepOrGiveBack(host, work, lease)
  host.heartbeat.renumber(tenantId, lease.epoch)
}
