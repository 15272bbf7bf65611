import { join } from 'node:path'
import { SessionError } from '../errors.js'
import type { Base } from './base.js'
import type { Disk } from './disk.js'
import { Journal } from './journal.js'
import { checkKeyFile, readKeyFile } from './key-file.js'
import type { SessionPaths } from './session-paths.js'
import { inSlices } from './slices.js'

const building = 'building'
const ready = 'ready'

/**
 * Builds a whole session beside the tenant's folder: written, read back and compared, then marked as ready by a
 * rename. Nothing of the tenant's folder is touched. The files are not synced one by one (822 took 3.3 s on a busy
 * disk): what a power cut tears is found at the next start, as every file is hashed, and comes from the store again.
 * @returns where it is
 */
export async function buildIncoming(
  disk: Disk,
  paths: SessionPaths,
  tenantId: string,
  files: ReadonlyMap<string, string>,
  base: Base,
): Promise<string> {
  const hashes = new Map([...files].map(([name, content]) => [name, checkKeyFile(name, content)]))
  const incoming = paths.incomingOf(tenantId)
  const folder = join(incoming, building)
  disk.removeTree(incoming)
  disk.makeDirectory(folder)
  await inSlices(files, ([name, content]) => void disk.create(join(folder, name), Buffer.from(content)))
  new Journal(disk, folder).rewrite([{ kind: 'base', base, position: 0 }])
  await disk.sync(folder)
  await verify(disk, folder, hashes)
  const finished = join(incoming, ready)
  disk.rename(folder, finished)
  await disk.sync(incoming)
  await disk.sync(paths.incoming)
  return finished
}

async function verify(disk: Disk, folder: string, hashes: ReadonlyMap<string, string>): Promise<void> {
  await inSlices(hashes, ([name, hash]) => {
    const file = readKeyFile(disk, folder, name)
    if (file !== null && file !== 'damaged' && file.hash === hash) return
    throw new SessionError(
      'corrupt',
      'A restored session file was read back with other content than was written; look at the disk. The old copy is untouched.',
    )
  })
}

/**
 * Deals with what a crash left of a replacement: a finished one whose old folder was already moved aside is put in
 * its place; any other is dropped, as the old folder is whole.
 */
export async function settleIncoming(disk: Disk, paths: SessionPaths, tenantId: string): Promise<void> {
  const incoming = paths.incomingOf(tenantId)
  if (disk.look(incoming) === null) return
  const finished = join(incoming, ready)
  const complete = disk.look(finished)?.kind === 'directory' && disk.look(paths.folder(tenantId)) === null
  if (complete) await putInPlace(disk, paths, tenantId)
  else disk.removeTree(incoming)
}

/** The last step of a replacement: the tenant has no folder now. */
export async function putInPlace(disk: Disk, paths: SessionPaths, tenantId: string): Promise<void> {
  const incoming = paths.incomingOf(tenantId)
  disk.rename(join(incoming, ready), paths.folder(tenantId))
  await disk.sync(paths.root)
  disk.removeTree(incoming)
}
