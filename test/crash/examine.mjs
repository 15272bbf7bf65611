import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Acknowledged, contentHash, inspectFolder } from './inspect.mjs'

/** After a kill, before the next start: what was promised is looked for as a third party would, then the disk is treated. */
export async function lookAt(lane, { disk, moment }) {
  const { session, tally } = lane
  const found = inspectFolder(session.folder)
  const finished = existsSync(join(session.incoming, 'ready'))
  checkFiles(lane, found, moment)
  const head = session.leaving ? null : await checkHead(lane, moment)
  const stored = []
  if (disk === 'kept' && found.paired) stored.push('pair-success was stored')
  if (head) stored.push('pair-success was committed')
  if (session.linked && !session.unprotected) stored.push('WhatsApp had linked the device')
  // Killed before WhatsApp had the answer to pair-success: no device was ever linked, so a code is right.
  if (!session.linked && stored.length > 0 && !session.leaving) tally.unfinishedPairings++
  const mayPair = session.leaving || stored.length === 0 || !session.linked
  session.mustNotShow = mayPair ? null : stored.join(', ')
  await lane.treatDisk(disk)
  if (disk !== 'kept' && session.mustNotShow !== null) session.diskLost = true
  session.local = localAfter(session, disk, found, hashesOf(head?.files))
  session.state = stateAfter(session, disk, found.exists || finished)
  const base = session.local === 'whole' ? found.files : hashesOf(head?.files)
  session.acknowledged = session.leaving || session.pglite ? null : new Acknowledged(base)
}

function localAfter(session, disk, found, head) {
  if (disk === 'putBack') return 'stale'
  if (disk !== 'kept' || !found.exists) return 'absent'
  // Killed before it could say so, a worker may have put the head in the older one's place.
  const replaced = session.restored || isSame(found.files, head)
  return session.local === 'stale' && !replaced ? 'stale' : 'whole'
}

/** Key of the table of moments to choose from. */
function stateAfter(session, disk, onDisk) {
  if (session.mustNotShow === null) return 'unpaired'
  if (session.local === 'stale') return 'stale'
  return disk === 'kept' && onDisk ? 'kept' : 'emptied'
}

function checkFiles(lane, { exists, files, unparsable }, moment) {
  const { session, tally } = lane
  const owner = join(session.root, '.supervisor', 'owner.json')
  const bad = [...unparsable, ...(isBadJson(owner) ? ['owner'] : [])]
  if (bad.length > 0) {
    tally.unparsable += bad.length
    lane.violation('unparsable', `${bad} after ${moment}`)
  }
  const notRestored =
    !session.restored && (session.local === 'stale' || (session.local === 'absent' && !exists))
  if (session.acknowledged === null || notRestored) return
  tally.batchesChecked++
  tally.writesCutShort += session.acknowledged.unanswered
  for (const torn of session.acknowledged.tornIn(files)) {
    tally.tornBatches++
    lane.violation('a write was torn', `${torn} files after ${moment}`)
  }
  const missing = session.acknowledged.missingIn(files)
  if (missing.length === 0) return
  tally.lostBatches++
  lane.violation(
    'an acknowledged write was lost',
    `${missing.length}: ${[...new Set(missing)]} after ${moment}`,
  )
}

/** The head, restored from the store as any host would; null when there is none or it is a session that ended. */
async function checkHead(lane, moment) {
  const { session, tally } = lane
  const { findHead, restoreGeneration } = lane.shared.project
  const { store, tenantId } = session
  const known = session.pglite ? null : ((await session.gate.direct.read(tenantId))?.head ?? null)
  let restored = null
  try {
    restored = known
      ? await restoreGeneration(store, tenantId, known)
      : ((await findHead(store, tenantId))?.restored ?? null)
    if (restored) tally.generationsVerified++
  } catch (error) {
    tally.lostCommits++
    lane.violation('a head cannot be restored', `${error.code} after ${moment}`)
  }
  tally.commitsChecked++
  const seq = (session.pglite ? restored?.head.seq : known?.seq) ?? 0
  if (seq < session.committedSeq || seq < session.headSeq) {
    tally.lostCommits++
    lane.violation('a commit was lost', `head ${seq} after ${session.committedSeq}/${session.headSeq}`)
  }
  session.headSeq = Math.max(seq, session.headSeq)
  return restored && restored.files.size > 0 ? restored : null
}

/** Whether two sets of files are one. */
export function isSame(one, other) {
  return one.size === other.size && [...one].every(([name, hash]) => other.get(name) === hash)
}

export function hashesOf(files = new Map()) {
  return new Map([...files].map(([name, content]) => [name, contentHash(content)]))
}

function isBadJson(path) {
  if (!existsSync(path)) return false
  try {
    JSON.parse(readFileSync(path, 'utf8'))
    return false
  } catch {
    return true
  }
}
