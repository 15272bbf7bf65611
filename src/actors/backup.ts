import type { BackupInput, BackupOutput } from '../../machines/contracts.js'
import { isSessionError, SessionError } from '../errors.js'
import {
  encodeGeneration,
  type GenerationToCommit,
  headSwap,
  uploadGeneration,
} from '../replication/commit.js'
import { planGeneration } from '../replication/plan.js'
import { restoreNewest } from '../replication/walk-back.js'
import type { Capture } from '../session/capture.js'
import type { KeyFolder } from '../session/key-folder.js'
import { ownTurn } from '../turns.js'
import { baseOf } from './base-of.js'
import type { Host } from './host.js'
import { proveHead } from './prove-head.js'
import type { TenantWork, UnansweredSwap } from './tenant-work.js'
import { treeAfter } from './tree-after.js'

/**
 * Brings everything that is not committed into a new generation: captured when an upload slot is free, uploaded under
 * a name used once, then made the head by compare-and-swap. Nothing unsaved: no request and no read.
 * @throws SessionError `fenced` another owner has taken over · `unavailable` and others: nothing was committed, or it
 *   is not known; the next call finds out
 */
export function backup(host: Host, work: TenantWork, input: BackupInput): Promise<BackupOutput> {
  return work.afterOtherBackups(async () => {
    try {
      return await backupNow(host, work, input)
    } catch (error) {
      host.report({ type: 'backup.failed', tenantId: work.tenantId, error })
      throw error
    }
  })
}

async function backupNow(host: Host, work: TenantWork, input: BackupInput): Promise<BackupOutput> {
  const folder = openFolder(work)
  if (input.audit) await audit(host, work, folder)
  if (work.unanswered) await swap(host, work, folder, work.unanswered)
  if (folder.unsavedCount === 0 && !work.snapshotOwed) {
    work.noteSaved(folder.position)
    return { covered: folder.position, audited: input.audit }
  }
  await proveHead(host, work)
  const made = await host.uploads.run(input.priority, async () => {
    const captured = await capture(host, work, folder)
    const { seq, digest } = captured.generation.head
    await folder.attempting({ seq, digest })
    const startedAt = host.clock.now()
    await uploadGeneration(host.store, captured.generation.objects)
    return { ...captured, uploadMs: host.clock.now() - startedAt }
  })
  work.unanswered = made
  await swap(host, work, folder, made)
  return { covered: made.capture.position, audited: input.audit }
}

async function capture(
  host: Host,
  work: TenantWork,
  folder: KeyFolder,
): Promise<{ capture: Capture; generation: GenerationToCommit }> {
  // Uploads that end together let as many others start together.
  await ownTurn()
  const first = folder.capture()
  const { head, chain: state, snapshotOwed: forceSnapshot } = work
  const nowMs = work.nextCreatedAt(host.clock.now())
  const planned = planGeneration({ head, state, changes: first.changes, nowMs, forceSnapshot })
  const whole = planned.kind === 'delta' ? null : await wholeSet(host, work, folder)
  const taken = whole?.capture ?? first
  const generation = await encodeGeneration({
    tenantId: work.tenantId,
    epoch: work.epoch,
    head,
    state,
    changes: taken.changes,
    hashes: taken.hashes,
    tree: whole?.tree ?? treeAfter(taken),
    setBytes: taken.totalBytes,
    readFiles: (names) => new Map(names.map((name) => [name, whole?.files.get(name) ?? ''])),
    nowMs,
    random: host.random,
    forceSnapshot,
    maxObjectBytes: host.settings.maxObjectBytes,
  })
  return { capture: taken, generation }
}

/** Every file, for a snapshot. A damaged one is put right from the head first: it never gets into a generation. */
async function wholeSet(host: Host, work: TenantWork, folder: KeyFolder) {
  try {
    return await folder.snapshotFiles()
  } catch (error) {
    if (!isSessionError(error, 'corrupt')) throw error
    await heal(host, work, folder)
    return await folder.snapshotFiles()
  }
}

async function audit(host: Host, work: TenantWork, folder: KeyFolder): Promise<void> {
  const { changed, damaged, missing } = await folder.audit({ full: false })
  const flawed = damaged.length + missing.length
  host.report({ type: 'session.audited', tenantId: work.tenantId, changed, flawed })
  if (flawed > 0) await heal(host, work, folder)
}

/** @throws SessionError `corrupt` some files cannot be put right */
async function heal(host: Host, work: TenantWork, folder: KeyFolder): Promise<void> {
  const before = folder.flawed.length
  host.report({ type: 'files.damaged', tenantId: work.tenantId, files: before })
  const { restored } = work.head
    ? await restoreNewest(host.store, work.tenantId, work.head)
    : { restored: { files: new Map<string, string>() } }
  const left = (await folder.heal(restored.files)).length
  if (before > left) host.report({ type: 'files.healed', tenantId: work.tenantId, files: before - left })
  if (left === 0) return
  throw new SessionError(
    'corrupt',
    `${left} files of tenant ${work.tenantId} are damaged and no backup has what they should be; nothing was backed up over the good ones. Stop the session and look at its folder.`,
  )
}

async function swap(
  host: Host,
  work: TenantWork,
  folder: KeyFolder,
  { capture: taken, generation, uploadMs }: UnansweredSwap,
): Promise<void> {
  const { head, plan, next, uploadBytes } = generation
  if (work.lease === null) {
    throw new SessionError(
      'fenced',
      `Tenant ${work.tenantId} is not held any more; what was uploaded is not used.`,
    )
  }
  const lease = { tenantId: work.tenantId, owner: work.lease.owner, epoch: work.epoch }
  const outcome = await host.commits.add(headSwap(lease, head))
  work.unanswered = null
  if (outcome === 'fenced') {
    throw new SessionError('fenced', `Tenant ${work.tenantId} has another owner now; this one stops writing.`)
  }
  if (outcome === 'conflict') {
    work.headDoubtful = true
    throw new SessionError(
      'unavailable',
      `The head of tenant ${work.tenantId} is not the one expected; it is read again before the next backup.`,
    )
  }
  const oldest = folder.oldestUnsavedAt
  work.head = head
  work.chain = next
  work.snapshotOwed = false
  await folder.saved(taken, baseOf(work.epoch, head))
  work.noteSaved(taken.position)
  host.report({
    type: 'generation.committed',
    tenantId: work.tenantId,
    seq: head.seq,
    kind: plan.kind,
    changes: taken.changes.size,
    bytes: uploadBytes,
    uploadMs,
    ageMs: oldest === null ? 0 : Math.max(0, host.clock.now() - oldest),
  })
}

function openFolder(work: TenantWork): KeyFolder {
  if (work.folder && work.lease) return work.folder
  throw new SessionError('closed', `Tenant ${work.tenantId} has no open session to back up.`)
}
