import { expect } from 'vitest'
import type { KeyFileBatch } from '../../src/ports/key-files.js'
import type { ObjectStore } from '../../src/ports/object-store.js'
import type { Head } from '../../src/ports/registry.js'
import type { ChainState } from '../../src/replication/chain-state.js'
import type { CodecOptions } from '../../src/replication/codec.js'
import { encodeGeneration, type GenerationToCommit, uploadGeneration } from '../../src/replication/commit.js'
import { FileTree } from '../../src/replication/file-tree.js'
import { hashKeyFile, sha256 } from '../../src/replication/hash.js'
import { defaultPlanSettings, type PlanSettings } from '../../src/replication/plan.js'

export const tenantId = 'tenant-1'

/** Deterministic, in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Also of contents that no supervisor would back up: a forger gives them some hash or other. */
export function treeOf(files: ReadonlyMap<string, unknown>): FileTree {
  return new FileTree([...files].map(([name, content]) => [name, hashOf(content)] as const))
}

function hashOf(content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return hashKeyFile(text) ?? sha256(text)
}

export interface TenantOptions extends CodecOptions {
  readonly settings?: Partial<PlanSettings>
  readonly epoch?: number
  readonly seed?: number
}

/** A tenant as its owner sees it: files, head and chain; what it commits goes to a store. */
export class TenantModel {
  readonly store: ObjectStore
  readonly files = new Map<string, string>()
  readonly commits: { head: Head; files: Map<string, string>; made: GenerationToCommit }[] = []
  head: Head | null = null
  state: ChainState | null = null
  nowMs = 1_700_000_000_000
  epoch: number
  readonly #options: TenantOptions
  readonly #random: () => number

  constructor(store: ObjectStore, options: TenantOptions = {}) {
    this.store = store
    this.epoch = options.epoch ?? 1
    this.#options = options
    this.#random = seededRandom(options.seed ?? 1)
  }

  apply(changes: KeyFileBatch): void {
    for (const [name, content] of changes) {
      if (content === null) this.files.delete(name)
      else this.files.set(name, content)
    }
  }

  /** Makes the generation without uploading or committing it. */
  encode(changes: KeyFileBatch, options: { forceSnapshot?: boolean } = {}): Promise<GenerationToCommit> {
    const { settings, ...codec } = this.#options
    return encodeGeneration({
      ...codec,
      ...options,
      tenantId,
      epoch: this.epoch,
      head: this.head,
      state: this.state,
      changes,
      tree: treeOf(this.files),
      setBytes: [...this.files.values()].reduce((sum, content) => sum + Buffer.byteLength(content), 0),
      readFiles: (names) => new Map(names.map((name) => [name, this.files.get(name)!])),
      nowMs: this.nowMs,
      random: this.#random,
      settings: { ...defaultPlanSettings, ...settings },
    })
  }

  async commit(
    changes: KeyFileBatch,
    options: { forceSnapshot?: boolean } = {},
  ): Promise<GenerationToCommit> {
    this.apply(changes)
    const made = await this.encode(changes, options)
    await uploadGeneration(this.store, made.objects)
    this.head = made.head
    this.state = made.next
    this.commits.push({ head: made.head, files: new Map(this.files), made })
    return made
  }
}

export function batch(entries: Record<string, unknown>): Map<string, string | null> {
  return new Map(
    Object.entries(entries).map(([name, value]) => [name, value === null ? null : JSON.stringify(value)]),
  )
}

export function creds(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({
    me: { id: '15550000000:1@s.whatsapp.net' },
    account: { details: 'x' },
    nextPreKeyId: 31,
    firstUnuploadedPreKeyId: 31,
    ...fields,
  })
}

/** The code of the SessionError that `promise` rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.fail('it should have been refused'),
    (reason: unknown) => reason as { code?: string },
  )
  return error.code ?? String(error)
}
