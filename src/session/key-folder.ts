import type { Clock } from '../ports/clock.js'
import type { KeyFileBatch, KeyFiles, Urgency } from '../ports/key-files.js'
import type { FileTree } from '../replication/file-tree.js'
import { inSlices } from '../turns.js'
import { type AuditResult, auditFolder } from './audit.js'
import type { Attempt, Base } from './base.js'
import type { Capture } from './capture.js'
import { diskError, onDisk } from './disk-error.js'
import { closedError, damagedError, flawedError } from './folder-errors.js'
import type { FolderFiles } from './folder-files.js'
import { type FolderListener, FolderListeners } from './folder-listeners.js'
import { type Change, type FolderState, toChange } from './folder-state.js'
import type { Journal } from './journal.js'
import { checkKeyFileName } from './key-file.js'
import { SerialQueue } from './serial-queue.js'

export interface KeyFolderParts {
  readonly state: FolderState
  readonly files: FolderFiles
  readonly journal: Journal
  readonly clock: Clock
  /** Called once, when the folder is closed. */
  onClose(): void
  /** Moves a file that no generation knows and nobody can read out of the folder, never deleting it. */
  moveAside(name: string): void
}

/** The only writer of a tenant's key files while it is open. See {@link KeyFiles} for reading and writing. */
export class KeyFolder implements KeyFiles {
  readonly #parts: KeyFolderParts
  readonly #queue = new SerialQueue()
  readonly #listeners = new FolderListeners()
  #refusesWrites = false
  /** Positions before this are one in the journal: a note that names one of them would be misread. */
  #rewrittenAt = 0
  #closed: Promise<void> | undefined

  constructor(parts: KeyFolderParts) {
    this.#parts = parts
    parts.journal.onRenewal = () => this.#listeners.flawed()
  }

  /** Grows by one with each batch that changed something. */
  get position(): number {
    return this.#parts.state.position
  }

  get unsavedCount(): number {
    return this.#parts.state.unsaved.size
  }

  get unsavedPreKeys(): number {
    let count = 0
    for (const [name, { content }] of this.#parts.state.unsaved.entries())
      if (content !== null && name.startsWith('pre-key-')) count++
    return count
  }

  /** Milliseconds since the Unix epoch; null when everything is committed. */
  get oldestUnsavedAt(): number | null {
    return this.#parts.state.unsaved.oldestSince
  }

  /** Accepted changes that the disk could not take yet; they are in the journal and every read sees them. */
  get unappliedCount(): number {
    return this.#parts.state.unapplied.size
  }

  /** Names of files that are not what they should be, as far as seen; `heal` puts them right. */
  get flawed(): string[] {
    return [...this.#parts.state.flaws.keys()]
  }

  /** Returns the way to stop listening. */
  listen(listener: Partial<FolderListener>): () => void {
    return this.#listeners.add(listener)
  }

  async read(name: string): Promise<string | null> {
    this.#refuseIf(this.#closed !== undefined)
    checkKeyFileName(name)
    return this.#read(name)
  }

  async write(batch: KeyFileBatch, urgency: Urgency = 'ordinary'): Promise<number> {
    this.#refuseIf(this.#refusesWrites)
    // Hashed now: the caller may reuse its map.
    const changes = [...batch].map(([name, content]) => toChange(name, content))
    return this.#queue.run(() => this.#write(changes, urgency))
  }

  /** Everything that the committed generation lacks, in one synchronous step; nothing is read. */
  capture(): Capture {
    const { state } = this.#parts
    const changes = new Map<string, string | null>()
    const hashes = new Map<string, string | null>()
    for (const [name, entry] of state.unsaved.entries()) {
      changes.set(name, entry.content)
      hashes.set(name, entry.hash)
    }
    state.unsaved.markCaptured()
    return {
      position: state.position,
      changes,
      hashes,
      tree: state.tree.digest(),
      fileCount: state.tree.size,
      totalBytes: state.totalBytes,
      nextPreKeyId: state.nextPreKeyId,
    }
  }

  /** To be said before `attempt` is uploaded: a capture of all there is now or less. @throws SessionError `closed` */
  attempting(attempt: Attempt): Promise<void> {
    return this.#run(() => this.#parts.journal.attempt(attempt))
  }

  /**
   * What was captured is committed, and `base` says as which head. What was written since stays unsaved. Succeeds when
   * the disk does not take the note: the journal then stands on the older head, which loses nothing.
   * @throws SessionError `closed`
   */
  saved(capture: Capture, base: Base): Promise<void> {
    return this.#run(async () => {
      const { state, files, journal } = this.#parts
      state.base = base
      const overwritten = state.unsaved.saved(capture.hashes, capture.position)
      try {
        await files.apply(state)
        const collapsed = capture.position < this.#rewrittenAt
        const shrinks = state.unsaved.size === 0 && journal.isWorthSettling
        if (shrinks || collapsed) this.#rewriteJournal()
        else journal.append({ kind: 'saved', position: capture.position, base, overwritten })
      } catch {
        // Said above.
      }
    })
  }

  /**
   * All files for a snapshot generation, with the capture that they belong to. Writers wait meanwhile. Files that
   * another program changed are taken as changes first.
   * @throws SessionError `corrupt` a file is damaged or gone: heal first · `closed` · `unavailable`
   */
  snapshotFiles(): Promise<{ capture: Capture; files: Map<string, string>; tree: FileTree }> {
    return this.#run(async () => {
      const contents = new Map<string, string>()
      await this.#audit({ full: true, contents })
      const { state } = this.#parts
      if (state.flaws.size > 0) throw flawedError(state.flaws.size)
      const files = new Map<string, string>()
      for (const name of state.tree.names()) {
        files.set(name, state.unapplied.get(name) ?? state.unsaved.get(name)?.content ?? contents.get(name)!)
      }
      return { capture: this.capture(), files, tree: state.tree.copy() }
    })
  }

  /**
   * Compares the disk with what is known, by size, mtime and inode; reads only what differs in these (everything when
   * `full`). Valid changes of other programs become unsaved changes; damaged and vanished files never do.
   * @throws SessionError `closed` · `diskFull` · `unavailable`
   */
  audit(options: { full: boolean }): Promise<AuditResult> {
    return this.#run(() => this.#audit({ ...options, contents: null }))
  }

  /**
   * Puts back the committed content of damaged and vanished files; content whose hash is not the committed one is
   * left out. A damaged file that the committed generation does not have is moved to the quarantine.
   * @returns names that are still not what they should be
   * @throws SessionError `closed` · `diskFull` · `unavailable`
   */
  heal(contents: ReadonlyMap<string, string>): Promise<string[]> {
    return this.#run(async () => {
      await inSlices([...this.#parts.state.flaws.keys()], (name) => this.#heal(name, contents.get(name)))
      return this.flawed
    })
  }

  /** From here every write rejects with `closed`. Resolves when those that were called before have gone through. */
  refuseWrites(): Promise<void> {
    this.#refusesWrites = true
    return this.#queue.run(() => {})
  }

  /** Waits for what was called before; later calls reject with `closed`. Safe to call again. */
  close(): Promise<void> {
    this.#refusesWrites = true
    this.#closed ??= this.#queue.run(() => this.#parts.onClose())
    return this.#closed
  }

  #run<T>(task: () => T | Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError())
    return this.#queue.run(async () => {
      try {
        return await task()
      } catch (error) {
        throw diskError(error, 'keep a session folder')
      }
    })
  }

  #refuseIf(refused: boolean): void {
    if (refused) throw closedError()
  }

  #read(name: string): string | null {
    const { state, files } = this.#parts
    const held = state.unapplied.get(name) ?? state.unsaved.get(name)?.content
    if (held !== undefined && held !== null) return held
    const flaw = state.flaws.get(name)
    if (flaw === 'damaged') throw damagedError(name)
    if (flaw === 'missing' || !state.tree.has(name)) return null
    const file = onDisk('read a session file', () => files.read(name))
    if (file !== null && file !== 'damaged') return file.content
    state.flaws.set(name, file === null ? 'missing' : 'damaged')
    this.#listeners.flawed()
    if (file === null) return null
    throw damagedError(name)
  }

  async #write(requested: readonly Change[], urgency: Urgency): Promise<number> {
    const { state, files, journal, clock } = this.#parts
    try {
      // The journal redoes one batch after a crash, so the next one waits until the last is on disk.
      if (state.unapplied.size > 0 && journal.hasNoFolder) journal.renew()
      await files.apply(state)
      const changes = requested.filter((change) => this.#isChange(change))
      if (changes.length === 0) return state.position
      const position = state.position + 1
      const journaled = changes.map((change) => state.describe(change, state.tree.get(change.name) ?? null))
      journal.append({ kind: 'batch', position, files: journaled })
      state.take(changes, position, clock.now())
      for (const { name, content } of changes) state.unapplied.set(name, content)
    } catch (error) {
      throw diskError(error, 'write session files (nothing was changed)')
    }
    try {
      await files.apply(state)
      this.#compactJournal()
    } catch {
      // The batch is in the journal and in memory, so it is accepted; the next one tries again first.
    }
    return this.#notify(urgency)
  }

  #isChange({ name, hash }: Change): boolean {
    const { tree, flaws } = this.#parts.state
    return hash !== (tree.get(name) ?? null) || flaws.has(name)
  }

  async #audit(options: { full: boolean; contents: Map<string, string> | null }): Promise<AuditResult> {
    const { state, files, journal, clock } = this.#parts
    if (journal.hasNoFolder) journal.renew()
    await files.apply(state)
    if (journal.isGone) journal.renew()
    const { seen, result } = await auditFolder(state, files, options)
    if (seen.length === 0) return result
    const position = state.position + 1
    // It is on disk already: what was there before is what is there now.
    const journaled = seen.map(({ change }) => state.describe(change, change.hash))
    journal.append({ kind: 'batch', position, files: journaled })
    const changes = seen.map(({ change }) => change)
    state.take(changes, position, clock.now())
    for (const { change, facts } of seen) state.setFacts(change.name, facts)
    this.#notify('ordinary')
    return result
  }

  #heal(name: string, content: string | undefined): void {
    const { state, files, moveAside } = this.#parts
    const wanted = state.tree.get(name)
    if (wanted === undefined) moveAside(name)
    else if (content !== undefined && toChange(name, content).hash === wanted) {
      state.setFacts(name, files.put(name, content))
      state.noteCreds(name, content)
    } else return
    state.flaws.delete(name)
  }

  #notify(urgency: Urgency): number {
    const { position } = this.#parts.state
    this.#listeners.changed(position, urgency)
    return position
  }

  #compactJournal(): void {
    const { state, journal } = this.#parts
    if (journal.hasOutgrown(state.unsaved.bytes)) this.#rewriteJournal()
  }

  #rewriteJournal(): void {
    const { state, journal } = this.#parts
    journal.rewrite()
    this.#rewrittenAt = state.position
  }
}
