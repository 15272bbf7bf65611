import { SessionError } from '../errors.js'
import { FileTree } from '../replication/file-tree.js'
import type { Base } from './base.js'
import { type Change, FolderState } from './folder-state.js'
import { unknownHash } from './journal-codec.js'
import type { LocalCopy } from './local-copy.js'

export interface OpenOptions {
  /** The head that the copy continues, and the lease epoch under which it does from now on. */
  readonly base: Base
  /** What `inspect` found last; null for a tenant without a folder. */
  readonly copy: LocalCopy | null
  /**
   * The file set of `base.head`, when the caller has it. Needed when the copy cannot tell it: `copy.committed` is null
   * or belongs to another head.
   */
  readonly committed?: FileTree | null
  /**
   * `base.head` was committed from this very directory after the head that the copy's journal names (a crash between
   * a commit and its note). The copy's unsaved changes then cover all that differs, though not exactly.
   */
  readonly continues?: boolean
}

/**
 * The state of a folder that is being opened.
 * @throws SessionError `undecided` what the committed generation holds is not known
 */
export function stateOnOpen(options: OpenOptions, now: number): FolderState {
  const { base, copy } = options
  const committed = committedOf(options)
  const state = new FolderState(base, (committed ?? copy!.hashes).copy())
  if (committed === null) {
    takeUnknown(state, copy!, now)
  } else {
    const changes = changesAgainst(committed, copy)
    if (changes.length > 0) state.take(changes, 1, now)
  }
  if (copy) noteDisk(state, copy)
  return state
}

/** Null: not known, but the copy's unsaved changes cover all that differs from it. */
function committedOf({ base, copy, committed, continues }: OpenOptions): FileTree | null {
  if (base.head === null) return new FileTree()
  for (const tree of [committed, copy?.committed]) if (tree && tree.digest() === base.head.tree) return tree
  if (continues && copy?.committed) return null
  throw new SessionError(
    'undecided',
    'A session folder cannot be opened without knowing the committed generation: load the file set of its head first.',
  )
}

/** What the folder holds beyond the committed set. A file that is gone or damaged is no change, but a deletion that was journaled is. */
function changesAgainst(committed: FileTree, copy: LocalCopy | null): Change[] {
  // As after a restore: nothing differs.
  if (copy === null || copy.hashes === committed) return []
  const changes: Change[] = []
  for (const [name, hash] of copy.hashes.entries()) {
    if (committed.get(name) !== hash) changes.push({ name, content: copy.files.get(name)!, hash })
  }
  for (const [name, content] of copy.unsaved) {
    const deleted = content === null && committed.has(name) && !copy.damaged.includes(name)
    if (deleted) changes.push({ name, content: null, hash: null })
  }
  return changes
}

function takeUnknown(state: FolderState, copy: LocalCopy, now: number): void {
  if (copy.unsaved.size > 0) state.position = 1
  for (const [name, content] of copy.unsaved) {
    const hash = copy.hashes.get(name) ?? null
    state.unsaved.put(name, { content, hash, committed: unknownHash, position: 1, at: now })
  }
}

function noteDisk(state: FolderState, copy: LocalCopy): void {
  for (const [name, facts] of copy.facts) state.setFacts(name, facts)
  for (const name of copy.damaged) state.flaws.set(name, 'damaged')
  for (const name of state.tree.names()) {
    if (!copy.hashes.has(name) && !state.flaws.has(name)) state.flaws.set(name, 'missing')
  }
  state.noteCreds('creds.json', copy.files.get('creds.json') ?? null)
}
