import { join } from 'node:path'
import { SessionError } from '../errors.js'
import { isKeyFileName } from '../ports/key-file-name.js'
import { FileTree } from '../replication/file-tree.js'
import { inSlices } from '../turns.js'
import type { Base } from './base.js'
import { closePermissions, type Disk, type FileFacts, type SeenFacts } from './disk.js'
import { onDisk } from './disk-error.js'
import { type JournalContent, type JournaledFile, readJournal } from './journal.js'
import { unknownHash } from './journal-codec.js'
import { credsName, type IntactFile, parseCreds, readKeyFile } from './key-file.js'
import type { Built } from './replacement.js'
import { isTemporaryName, temporaryPath } from './temporary.js'

/** What a tenant's folder holds, after what a crash left half done was completed. */
export interface LocalCopy {
  /** Contents of the intact files; of a session that was restored from its head a moment ago, creds.json alone. */
  readonly files: ReadonlyMap<string, string>
  /** Hashes of the intact files. */
  readonly hashes: FileTree
  /** Empty, torn, not JSON, unreadable or not regular. creds.json among them is a damaged session, never "no session". */
  readonly damaged: readonly string[]
  /** What the copy stands on; null when that is not known (a plain Baileys folder, or a journal that cannot be trusted). */
  readonly base: Base | null
  readonly journal: 'intact' | 'damaged' | 'none'
  /**
   * The file set of `base.head`, proven by its digest. Null when it cannot be told from the folder alone: it was
   * changed by another program, a file is damaged or gone, or the head is not known. Empty when there is no head.
   */
  readonly committed: FileTree | null
  /** Changes that `base.head` lacks, as far as known; all of them when `committed` is not null. */
  readonly unsaved: ReadonlyMap<string, string | null>
  /** creds.json is intact and names the account. `registered` says nothing: it stays false after a QR pairing. */
  readonly paired: boolean
  readonly facts: SeenFacts
}

type Found = Map<string, IntactFile | 'damaged'>

/**
 * Reads a session folder, each file once, completing the last batch from the journal first. Null when there is no
 * folder, or no key file in it.
 * @throws SessionError `invalid` the path is no directory · `denied` · `unavailable` · `diskFull`
 */
export async function readLocalCopy(disk: Disk, folder: string): Promise<LocalCopy | null> {
  const facts = onDisk('look at a session folder', () => disk.look(folder))
  if (facts === null) return null
  if (facts.kind !== 'directory') {
    throw new SessionError('invalid', 'A session folder is not a directory (or a link); move it away.')
  }
  onDisk('protect a session folder', () => closePermissions(disk, folder, facts, 0o700))
  const journal = onDisk('read a journal', () => readJournal(disk, folder))
  const found = await readFound(disk, folder)
  if (journal !== null && journal !== 'damaged')
    onDisk('complete a batch', () => redo(disk, folder, journal, found))
  return found.size === 0 ? null : describe(journal, found)
}

/** A folder that was built a moment ago, as `readLocalCopy` would find it: these files and a journal of `base` alone. */
export function copyOf(base: Base, { files, hashes, facts }: Built): LocalCopy | null {
  if (hashes.size === 0) return null
  const journal: JournalContent = { base, torn: false, files: new Map(), unsaved: new Map() }
  const isHead = base.head?.tree === hashes.digest()
  return {
    files,
    hashes,
    damaged: [],
    base,
    journal: 'intact',
    committed: isHead ? hashes : base.head === null ? new FileTree() : null,
    unsaved: unsavedContents(journal, files),
    paired: parseCreds(files.get(credsName) ?? '')?.paired ?? false,
    facts,
  }
}

async function readFound(disk: Disk, folder: string): Promise<Found> {
  const found: Found = new Map()
  const names = onDisk('list a session folder', () => disk.list(folder))
  for (const name of names) {
    if (isTemporaryName(name)) onDisk('remove a left-over file', () => disk.unlink(join(folder, name)))
  }
  await inSlices(names.filter(isKeyFileName), (name) => {
    const file = onDisk('read a key file', () => readProtected(disk, folder, name))
    if (file !== null) found.set(name, file)
  })
  return found
}

function readProtected(disk: Disk, folder: string, name: string): IntactFile | 'damaged' | null {
  const file = readKeyFile(disk, folder, name)
  if (file !== null && file !== 'damaged') closePermissions(disk, join(folder, name), file.facts, 0o600)
  return file
}

/**
 * Brings the files to what the journal promises; a valid file that another program has written since wins. When the
 * journal's end is lost, all batches before it had reached the files: one that looks as before the last of them was
 * brought back to that by a lost one, and is not rolled forward to what it was in between.
 */
function redo(disk: Disk, folder: string, journal: JournalContent, found: Found): void {
  for (const [name, wanted] of journal.files) {
    if (!mustRedo(wanted, found.get(name), !journal.torn)) continue
    if (wanted.content === null) {
      disk.unlink(join(folder, name))
      found.delete(name)
      continue
    }
    const temporary = temporaryPath(folder, 'redo')
    const facts = disk.create(temporary, Buffer.from(wanted.content))
    disk.rename(temporary, join(folder, name))
    found.set(name, { content: wanted.content, hash: wanted.hash!, facts })
  }
}

function mustRedo(
  wanted: JournaledFile,
  file: IntactFile | 'damaged' | undefined,
  lastMayBeUnapplied: boolean,
): boolean {
  if (file === 'damaged') return true
  const hash = file?.hash ?? null
  if (hash === wanted.hash) return false
  return hash === null || (lastMayBeUnapplied && wanted.last && hash === wanted.previous)
}

function describe(
  journal: JournalContent | 'damaged' | null,
  found: ReadonlyMap<string, IntactFile | 'damaged'>,
): LocalCopy {
  const hashes = new FileTree()
  const files = new Map<string, string>()
  const facts = new Map<string, FileFacts>()
  const damaged: string[] = []
  for (const [name, file] of found) {
    if (file === 'damaged') {
      damaged.push(name)
      continue
    }
    files.set(name, file.content)
    hashes.set(name, file.hash)
    facts.set(name, file.facts)
  }
  const known = journal === 'damaged' ? null : journal
  const committed = known && committedSet(known, hashes)
  const creds = parseCreds(files.get(credsName) ?? '')
  return {
    files,
    hashes,
    damaged,
    base: known?.base ?? null,
    journal: journal === null ? 'none' : journal === 'damaged' ? 'damaged' : 'intact',
    committed,
    unsaved: unsavedContents(known, files),
    paired: creds?.paired ?? false,
    facts,
  }
}

function committedSet(journal: JournalContent, hashes: FileTree): FileTree | null {
  const { head } = journal.base
  if (head === null) return new FileTree()
  const committed = hashes.copy()
  for (const [name, hash] of journal.unsaved) {
    if (hash === unknownHash) return null
    if (hash === null) committed.delete(name)
    else committed.set(name, hash)
  }
  return committed.digest() === head.tree ? committed : null
}

function unsavedContents(
  journal: JournalContent | null,
  files: ReadonlyMap<string, string>,
): Map<string, string | null> {
  if (journal === null) return new Map()
  const journaled = [...journal.unsaved.keys()].map((name) => [name, files.get(name) ?? null] as const)
  return new Map(journal.base.head === null ? [...journaled, ...files] : journaled)
}
