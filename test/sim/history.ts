import type { KeyFileBatch } from '../../src/ports/key-files.js'
import type { HeadSwap, TenantRecord } from '../../src/ports/registry.js'
import { FileTree } from '../../src/replication/file-tree.js'
import { hashKeyFile, sha256 } from '../../src/replication/hash.js'
import type { World } from './world.js'

export type Files = ReadonlyMap<string, string>

/** One state of a tenant's key set: what a batch of writes made of the one before. */
export interface Version {
  readonly number: number
  readonly parent: Version | null
  readonly files: Files
  /** Digest as a generation has it. */
  readonly tree: string
}

const emptyTree = new FileTree().digest()

/** Every state that a tenant's session was ever in, which of them is committed, and what may follow what. */
export class History {
  readonly #world: World
  readonly #tenantId: string
  readonly #byTree = new Map<string, Version[]>()
  readonly #ownerOfEpoch = new Map<number, string>()
  #count = 0
  /** The state that the newest commit holds; null when nothing is committed, or the session ended. */
  head: Version | null = null
  /** A stored object was damaged for good: what comes next may be older, if it is said so. */
  rotten = false
  /** How often files of the session were damaged on some disk. */
  injuries = 0
  /** The user asked to log out: everything may go. */
  leaving = false
  /** How often objects were deleted because of that. */
  deletions = 0
  /** An upload that was sent before a deletion landed after it: nobody can wait for that. */
  leftBehind = false
  commits = 0

  constructor(world: World, tenantId: string) {
    this.#world = world
    this.#tenantId = tenantId
  }

  /** The state that `files` are on top of `parent`: a new one, unless nothing is different. */
  add(parent: Version | null, files: Files): Version {
    const tree = treeOf(files)
    if (parent?.tree === tree) return parent
    const version = { number: ++this.#count, parent, files, tree }
    const same = this.#byTree.get(version.tree)
    if (same) same.push(version)
    else this.#byTree.set(version.tree, [version])
    return version
  }

  /** A state that was refused: nothing may ever hold it. */
  refuse(version: Version): void {
    const same = this.#byTree.get(version.tree)!
    same.splice(same.indexOf(version), 1)
  }

  /** The newest state with these files that continues what is committed; null when there is none. */
  find(tree: string, from: Version | null = this.head): Version | null {
    return (this.#byTree.get(tree) ?? []).findLast((version) => continues(version, from)) ?? null
  }

  /**
   * Whether each file, by itself, is as it once was. A journal that lost its last records (no kill does that) may leave
   * files of different moments.
   */
  holdsAll(files: Files): boolean {
    const versions = [...this.#byTree.values()].flat()
    return [...files].every(([name, content]) =>
      versions.some((version) => version.files.get(name) === content),
    )
  }

  /** Called by the registry itself, for each new head. */
  committed(swap: HeadSwap, before: TenantRecord | null): void {
    this.commits++
    this.#checkOwner(swap, before)
    const { head } = swap
    this.#world.audit.head(this.#tenantId, head)
    if (head.tree === emptyTree) {
      this.#ended()
      return
    }
    const found = this.find(head.tree)
    if (found) this.head = found
    else if (this.rotten) this.#goneBack(swap)
    else {
      const known = this.#byTree.has(head.tree) ? 'an older state' : 'a state that never was'
      this.#world.violate(`generation ${head.seq} holds ${known}`, this.#tenantId)
    }
  }

  /** Everything of the tenant was deleted. */
  wiped(): void {
    if (!this.leaving) this.#world.violate('deleted, and nobody asked for it', this.#tenantId)
    this.head = null
  }

  /**
   * An older state is the head again. Found by a listing, for a registry that was lost as well, with no object of a newer
   * generation left: then nothing in the world tells that there were any, nor what WhatsApp was told from them.
   */
  #goneBack({ head, epoch }: HeadSwap): void {
    this.head = this.#byTree.get(head.tree)?.at(-1) ?? this.head
    const prefix = `${this.#tenantId}/generations/`
    const newer = `${prefix}${String(head.seq + 1).padStart(10, '0')}`
    const known = [...this.#world.objects.keys()].some((key) => key.startsWith(prefix) && key >= newer)
    if (head.epoch !== epoch && !known) this.#world.whatsApp.forgetPromises(this.#tenantId)
  }

  #ended(): void {
    const { identity } = identityIn(this.head?.files)
    if (identity !== null && this.#world.whatsApp.isLinked(this.#tenantId, identity)) {
      this.#world.violate('marked as logged out while WhatsApp has it linked', this.#tenantId)
    }
    this.head = null
  }

  #checkOwner({ epoch, owner, head, expectedSeq }: HeadSwap, before: TenantRecord | null): void {
    // After a lost registry a head is taken over as it was: it was made in another epoch.
    if (head.epoch === epoch) {
      const first = this.#ownerOfEpoch.get(epoch) ?? owner
      this.#ownerOfEpoch.set(epoch, first)
      if (first !== owner) this.#world.violate(`two owners committed in epoch ${epoch}`, this.#tenantId)
    }
    if (before?.lease?.owner !== owner || before.lease.epoch !== epoch) {
      this.#world.violate('committed without holding the lease', this.#tenantId)
    }
    if (before?.head && head.seq !== before.head.seq + 1) {
      this.#world.violate(
        `generation ${head.seq} follows ${before.head.seq} (expected ${expectedSeq})`,
        this.#tenantId,
      )
    }
    const last = Math.max(0, ...this.#ownerOfEpoch.keys())
    if (epoch < last) this.#world.violate(`epoch ${epoch} committed after epoch ${last}`, this.#tenantId)
  }
}

/** True when `version` is `from` or was made from it. Everything continues nothing. */
export function continues(version: Version, from: Version | null): boolean {
  if (from === null) return true
  for (let at: Version | null = version; at !== null && at.number >= from.number; at = at.parent) {
    if (at === from) return true
  }
  return false
}

export function treeOf(files: Files): string {
  return new FileTree(
    [...files].map(([name, content]) => [name, hashKeyFile(content) ?? sha256('damaged')]),
  ).digest()
}

/** The simulated identity in a set's creds.json. */
export function identityIn(files: Files | undefined): { identity: number | null; nextPreKeyId: number } {
  const creds = JSON.parse(files?.get('creds.json') ?? '{}') as { identity?: number; nextPreKeyId?: number }
  return { identity: creds.identity ?? null, nextPreKeyId: creds.nextPreKeyId ?? 0 }
}

/** What a batch of writes makes of a set. */
export function applied(files: Files, batch: KeyFileBatch): Files {
  const after = new Map(files)
  for (const [name, content] of batch) {
    if (content === null) after.delete(name)
    else after.set(name, content)
  }
  return after
}
