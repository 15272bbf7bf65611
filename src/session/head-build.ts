import type { ObjectSource } from '../ports/object-store.js'
import type { Head } from '../ports/registry.js'
import type { ChainState } from '../replication/chain-state.js'
import { prepareOlder } from '../replication/older.js'
import { type NewestRestored, restoreNewest } from '../replication/walk-back.js'
import type { Base } from './base.js'
import type { Disk } from './disk.js'
import { credsName } from './key-file.js'
import { type Built, buildIncoming } from './replacement.js'
import type { SessionPaths } from './session-paths.js'

/** Which generation is to become a tenant's session. */
export interface HeadRequest {
  readonly tenantId: string
  readonly head: Head
  /** What the session continues if it is the head. */
  readonly base: Base
}

/** A session that was built from a tenant's head or, when that is proven unusable, from the newest generation before it. */
export interface BuiltHead extends Built {
  /** What it continues: nothing when it is not the head, as all of it is then owed as a snapshot on top. */
  readonly base: Base
  /** Null when it is not the head. */
  readonly chain: ChainState | null
  /** Of the generation that was used. */
  readonly seq: number
  readonly fellBack: boolean
  readonly skippedSeqs: readonly number[]
  /** Objects fetched. */
  readonly downloads: number
}

/** The parts of a session root that building needs: all of it happens beside the tenant's folder. */
export interface BuildPlace {
  readonly disk: Disk
  readonly paths: SessionPaths
}

/**
 * Downloads and verifies what a tenant's head holds, and builds it beside the tenant's folder.
 * @param loaded what `restoreNewest` gave, when somebody asked it already
 * @throws SessionError `corrupt` no generation verifies, or the disk gave other bytes than were written · `denied` ·
 *   `unavailable`; and Node's errors of the disk
 */
export async function buildHead(
  { disk, paths }: BuildPlace,
  store: ObjectSource,
  { tenantId, head, base }: HeadRequest,
  loaded?: NewestRestored,
): Promise<BuiltHead> {
  const newest = loaded ?? (await restoreNewest(store, tenantId, head))
  const { restored } = newest
  // A head that was found beside newer, unusable generations is an older one too, and no less.
  const fellBack = newest.fellBack || head.marks.nextPreKeyId > restored.head.marks.nextPreKeyId
  const told = {
    fellBack,
    seq: restored.head.seq,
    skippedSeqs: newest.skipped.map(({ seq }) => seq),
    downloads: restored.downloads,
  }
  if (fellBack) {
    const { files } = prepareOlder(restored.files, newest.marks)
    const own = { epoch: base.epoch, head: null }
    const built = await buildIncoming(disk, paths, tenantId, { files, base: own })
    return { ...built, ...told, base: own, chain: null }
  }
  const { files, tree: hashes, chainState: chain } = restored
  const built = await buildIncoming(disk, paths, tenantId, { files, base, hashes })
  return { ...built, files: credsOf(files), ...told, base, chain }
}

/** Nobody reads the other contents of a session that is its head. */
function credsOf(files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const creds = files.get(credsName)
  return creds === undefined ? new Map() : new Map([[credsName, creds]])
}
