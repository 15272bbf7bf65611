import type { FileTree } from '../replication/file-tree.js'
import type { Base } from './base.js'
import type { FileFacts } from './disk.js'
import type { JournalFile, JournalRecord } from './journal-codec.js'
import { checkKeyFile, checkKeyFileName, credsName, parseCreds } from './key-file.js'
import { KnownFacts } from './known-facts.js'
import { UnsavedChanges } from './unsaved-changes.js'

/** One file of a batch that is to be written, with the hash of its content. */
export interface Change {
  readonly name: string
  readonly content: string | null
  readonly hash: string | null
}

/** What is wrong with a file on disk; what it should be is in the tree. */
export type Flaw = 'damaged' | 'missing'

/**
 * What is known of an open folder without reading it: which files there are with which hashes, and which of them the
 * committed generation lacks. Contents are held for the latter only.
 */
export class FolderState {
  base: Base
  /** Grows by one with each batch that changed something. */
  position = 0
  /** The files as they should be: on disk, in `unsaved`, or (when flawed) in the committed generation. */
  readonly tree: FileTree
  readonly unsaved = new UnsavedChanges()
  readonly flaws = new Map<string, Flaw>()
  /** Contents of the last batch that the disk has not taken yet; they are in the journal. */
  readonly unapplied = new Map<string, string | null>()
  nextPreKeyId = 0
  readonly #facts: KnownFacts

  /** @param tree the files as they are known; it is changed from here on */
  constructor(base: Base, tree: FileTree) {
    this.base = base
    this.tree = tree
    this.#facts = new KnownFacts(tree.size)
  }

  /** Of all files as they should be; without one that is damaged or gone, whose size nobody knows. */
  get totalBytes(): number {
    return this.#facts.totalBytes
  }

  /** The file looks as it did when its content was found to have the hash in the tree. */
  looksSame(name: string, facts: FileFacts): boolean {
    return this.#facts.isSame(this.tree.slotOf(name), facts)
  }

  /** These bytes are the content in the tree, as an earlier look at the same bytes has proven: no need to parse them. */
  holds(name: string, bytes: Uint8Array): boolean {
    return this.#facts.isSameContent(this.tree.slotOf(name), bytes)
  }

  /** These bytes were found to have the hash in the tree. */
  noteBytes(name: string, bytes: Uint8Array): void {
    this.#facts.seenContent(this.tree.slotOf(name), bytes)
  }

  /** What was seen of a file whose content has the hash in the tree. */
  setFacts(name: string, facts: FileFacts): void {
    this.#facts.seen(this.tree.slotOf(name), facts)
  }

  /** How a change is to be journaled, before it is taken. */
  describe(change: Change, previous: string | null): JournalFile {
    const { name, content, hash } = change
    const inTree = this.tree.get(name) ?? null
    const entry = this.unsaved.get(name)
    const committed = entry ? entry.committed : inTree
    return { name, content, previous, committed, settled: this.unsaved.settles(name, hash, inTree) }
  }

  /** Takes a batch: from here reads and captures see it. */
  take(changes: readonly Change[], position: number, at: number): void {
    for (const { name, content, hash } of changes) {
      const committed = this.tree.get(name) ?? null
      this.unsaved.put(name, { content, hash, committed, position, at })
      this.#facts.forget(this.tree.slotOf(name))
      if (hash === null) this.tree.delete(name)
      else this.tree.set(name, hash)
      if (content !== null) this.#facts.expect(this.tree.slotOf(name), Buffer.byteLength(content))
      this.flaws.delete(name)
      this.noteCreds(name, content)
    }
    this.position = position
  }

  /** Keeps what replication must know of creds.json; other files are ignored. */
  noteCreds(name: string, content: string | null): void {
    if (name === credsName) this.nextPreKeyId = parseCreds(content ?? '')?.nextPreKeyId ?? 0
  }
}

/** The shortest journal of a folder whose files are all on disk. */
export function shortestJournal(state: FolderState): JournalRecord[] {
  const base = { kind: 'base' as const, base: state.base, position: state.position }
  if (state.unsaved.size === 0) return [base]
  const files: JournalFile[] = [...state.unsaved.entries()].map(([name, { content, hash, committed }]) => {
    return { name, content, previous: hash, committed, settled: false }
  })
  const batch = { kind: 'batch' as const, position: state.position, files }
  return [{ ...base, position: state.position - 1 }, batch]
}

/** @throws SessionError `invalid` */
export function toChange(name: string, content: string | null): Change {
  if (content !== null) return { name, content, hash: checkKeyFile(name, content) }
  checkKeyFileName(name)
  return { name, content, hash: null }
}
