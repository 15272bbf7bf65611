import { type ErrorByMessage, errorOf } from '../error-by-message.js'
import type { ObjectInfo, ObjectSource } from '../ports/object-store.js'
import { FileTree, type TreeColumns } from '../replication/file-tree.js'
import type { FileFacts } from './disk.js'
import type { BuiltHead, HeadRequest } from './head-build.js'

/** A thread is told what to build, and gets what it asked the store for. */
export type ToThread =
  | { readonly type: 'build'; readonly id: number; readonly request: HeadRequest }
  | { readonly type: 'answer'; readonly call: number; readonly answer: StoreAnswer }

export interface StoreCall {
  readonly method: keyof ObjectSource
  readonly argument: string
}

export type StoreAnswer = { readonly value: Uint8Array | ObjectInfo[] } | { readonly failed: ErrorByMessage }

/** It asks the store through its parent, which alone has the connection and the credentials, and tells how it ended. */
export type FromThread =
  | ({ readonly type: 'call'; readonly call: number; readonly id: number } & StoreCall)
  | { readonly type: 'built'; readonly id: number; readonly built: BuiltByMessage }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorByMessage }

/** A {@link BuiltHead} in columns: eight hundred small objects take longer to send than to make. */
export interface BuiltByMessage {
  readonly told: Omit<BuiltHead, 'hashes' | 'facts'>
  readonly tree: TreeColumns
  /** Four numbers a file, in the order of the tree's names: bytes, mtime, inode, mode. */
  readonly facts: Float64Array
}

const columns = 4

export function builtByMessage({ hashes, facts, ...told }: BuiltHead): BuiltByMessage {
  const tree = hashes.columns()
  const numbers = new Float64Array(tree.names.length * columns)
  for (const [index, name] of tree.names.entries()) {
    const { bytes, mtimeMs, ino, mode } = facts.get(name)!
    numbers.set([bytes, mtimeMs, ino, mode], index * columns)
  }
  return { told, tree, facts: numbers }
}

export function builtOf({ told, tree, facts: numbers }: BuiltByMessage): BuiltHead {
  const facts = new Map<string, FileFacts>()
  for (const [index, name] of tree.names.entries()) {
    const at = index * columns
    const [bytes, mtimeMs] = [numbers[at]!, numbers[at + 1]!]
    facts.set(name, { kind: 'file', bytes, mtimeMs, ino: numbers[at + 2]!, mode: numbers[at + 3]! })
  }
  return { ...told, hashes: FileTree.of({ ...tree, names: shared(tree.names) }), facts }
}

/** @throws what the store threw */
export function answered(answer: StoreAnswer): Uint8Array | ObjectInfo[] {
  if ('failed' in answer) throw errorOf(answer.failed)
  return answer.value
}

/** As property keys: one text for all tenants of a process, as of names that were parsed in it. None looks like a number. */
function shared(names: readonly string[]): string[] {
  return Object.keys(Object.fromEntries(names.map((name) => [name, true])))
}
