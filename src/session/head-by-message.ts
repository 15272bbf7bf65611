import { type ErrorByMessage, errorOf } from '../error-by-message.js'
import type { ObjectInfo, ObjectSource } from '../ports/object-store.js'
import { FileTree, type TreeColumns } from '../replication/file-tree.js'
import { sharedName } from '../replication/shared-names.js'
import type { SeenFacts } from './disk.js'
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

/** A {@link BuiltHead} in columns: eight hundred small objects, or texts, take longer to send than to make. */
export interface BuiltByMessage {
  readonly told: Omit<BuiltHead, 'hashes' | 'facts'>
  readonly tree: Omit<TreeColumns, 'names'>
  /** With {@link betweenNames} between them. */
  readonly names: string
  /** Four numbers a file, in the order of the tree's names: bytes, mtime, inode, mode. */
  readonly facts: Float64Array
}

const columns = 4

/** No file name has it. */
const betweenNames = '/'

/** @returns the message, and what is given away with it instead of being copied */
export function builtByMessage({ hashes, facts, ...told }: BuiltHead): [BuiltByMessage, ArrayBuffer[]] {
  const seen = new Map(facts)
  const { names, ...tree } = hashes.columns()
  const numbers = new Float64Array(names.length * columns)
  let at = 0
  for (const name of names) {
    const { bytes, mtimeMs, ino, mode } = seen.get(name)!
    numbers[at++] = bytes
    numbers[at++] = mtimeMs
    numbers[at++] = ino
    numbers[at++] = mode
  }
  const given = [tree.hashes.buffer, tree.buckets.buffer, numbers.buffer]
  return [{ told, tree, names: names.join(betweenNames), facts: numbers }, given]
}

export function builtOf({ told, tree, names: joined, facts: numbers }: BuiltByMessage): BuiltHead {
  const names = joined === '' ? [] : joined.split(betweenNames).map(sharedName)
  return { ...told, hashes: FileTree.of({ ...tree, names }), facts: factsOf(names, numbers) }
}

/** Made one after the other, as they are looked at. */
function factsOf(names: readonly string[], numbers: Float64Array): SeenFacts {
  return {
    *[Symbol.iterator]() {
      let at = 0
      for (const name of names) {
        const [bytes, mtimeMs, ino, mode] = [numbers[at++]!, numbers[at++]!, numbers[at++]!, numbers[at++]!]
        yield [name, { kind: 'file', bytes, mtimeMs, ino, mode }]
      }
    },
  }
}

/** @throws what the store threw */
export function answered(answer: StoreAnswer): Uint8Array | ObjectInfo[] {
  if ('failed' in answer) throw errorOf(answer.failed)
  return answer.value
}
