import { isKeyFileName } from '../ports/key-file-name.js'
import { inSlices } from '../turns.js'
import { textOfUtf8 } from '../utf8.js'
import type { FileFacts } from './disk.js'
import type { FolderFiles } from './folder-files.js'
import type { Change, FolderState } from './folder-state.js'
import { type IntactFile, judge, type RawFile } from './key-file.js'

export interface AuditResult {
  /** Files that another program changed validly; they are unsaved changes now. */
  readonly changed: number
  /** Damaged files, none of which is a change. */
  readonly damaged: string[]
  /** Files that vanished, none of which is a change. */
  readonly missing: string[]
  /** Files that were read. */
  readonly reads: number
}

export interface AuditOptions {
  readonly full: boolean
  /** Filled with the contents of intact files that were read; those of unsaved changes are in memory and not read again. */
  readonly contents: Map<string, string> | null
}

export interface SeenChange {
  readonly change: Change
  readonly facts: FileFacts
}

/**
 * Compares an idle folder with what is known of it. Notes flaws in the state, repairs from memory what memory holds,
 * and returns the valid changes of others for the caller to journal.
 */
export async function auditFolder(
  state: FolderState,
  files: FolderFiles,
  options: AuditOptions,
): Promise<{ seen: SeenChange[]; result: AuditResult }> {
  const seen: SeenChange[] = []
  let reads = 0
  const onDisk = new Set(files.disk.list(files.path).filter(isKeyFileName))
  await inSlices([...onDisk], (name) => {
    if ((!options.full || isHeld(state, name, options)) && isUntouched(state, files, name)) return
    reads++
    const change = check(state, files, name, options.contents)
    if (change) seen.push(change)
  })
  for (const name of [...state.tree.names()].filter((name) => !onDisk.has(name)))
    flaw(state, files, name, 'missing')
  for (const name of state.flaws.keys()) {
    if (!onDisk.has(name) && !state.tree.has(name)) state.flaws.delete(name)
  }
  const named = (kind: string) => [...state.flaws].filter(([, flaw]) => flaw === kind).map(([name]) => name)
  return {
    seen,
    result: { changed: seen.length, damaged: named('damaged'), missing: named('missing'), reads },
  }
}

/** Whoever collects contents has this one: the very text that was written. */
function isHeld(state: FolderState, name: string, { contents }: AuditOptions): boolean {
  return contents !== null && typeof state.unsaved.get(name)?.content === 'string'
}

function isUntouched(state: FolderState, files: FolderFiles, name: string): boolean {
  const facts = state.flaws.has(name) ? null : files.look(name)
  return facts !== null && facts.kind === 'file' && state.looksSame(name, facts)
}

function check(
  state: FolderState,
  files: FolderFiles,
  name: string,
  contents: Map<string, string> | null,
): SeenChange | null {
  const raw = files.readBytes(name)
  const file = raw === null || raw === 'damaged' ? raw : unlessHeld(state, name, raw)
  if (file === null || file === 'damaged') {
    flaw(state, files, name, file ?? 'missing')
    return null
  }
  contents?.set(name, file.content)
  if (state.tree.get(name) !== file.hash) {
    return { change: { name, content: file.content, hash: file.hash }, facts: file.facts }
  }
  state.flaws.delete(name)
  state.setFacts(name, file.facts)
  return null
}

/** The same bytes are not parsed twice: that costs three times as much as to read and to hash them. */
function unlessHeld(state: FolderState, name: string, raw: RawFile): IntactFile | 'damaged' {
  const known = state.holds(name, raw.bytes) ? state.tree.get(name) : undefined
  if (known !== undefined) return { content: textOfUtf8(raw.bytes), hash: known, facts: raw.facts }
  const file = judge(name, raw)
  if (file !== 'damaged' && file.hash === state.tree.get(name)) state.noteBytes(name, raw.bytes)
  return file
}

function flaw(state: FolderState, files: FolderFiles, name: string, kind: 'damaged' | 'missing'): void {
  const held = state.unsaved.get(name)?.content
  if (held !== undefined && held !== null) state.setFacts(name, files.put(name, held))
  else state.flaws.set(name, kind)
}
