import type { Head } from '../ports/registry.js'
import { FileTree } from './file-tree.js'
import { credsFile } from './marks.js'

/** What lies on the local disk of a tenant, as the folder's own records and a look at every file give it. */
export interface LocalFacts {
  /** Every file that is whole, with its hash. */
  readonly hashes: FileTree
  /** Names of files that are there and damaged (empty, torn, no JSON). */
  readonly damaged: readonly string[]
  /** What creds.json says; ignored when it is damaged. */
  readonly paired: boolean
  /** The lease epoch the folder was last written under, and the head that it had then. Null: never recorded. */
  readonly base: LocalBase | null
  /** The recorded index of the committed set; null when there is none. */
  readonly committed: FileTree | null
  /** Recorded changes that were not committed. */
  readonly unsaved: number
}

export interface LocalBase {
  readonly epoch: number
  readonly head: Pick<Head, 'seq' | 'digest' | 'tree'> | null
  /** Generations that were tried on top of that head, as far as the copy knows. */
  readonly attempts?: readonly Pick<Head, 'seq' | 'digest'>[]
}

export interface VerdictInput {
  /** Null: no folder. */
  readonly local: LocalFacts | null
  readonly head: Head | null
  /** Whether a head that is null is proof: a check and a listing of the store found no generation. */
  readonly absence: 'proven' | 'unknown'
}

export type Verdict =
  /** Local is the head. `heal`: damaged files to be replaced by the head's (those it does not have are moved aside). */
  | { readonly verdict: 'current'; readonly heal: readonly string[] }
  /**
   * Local continues the head, with changes that are not committed. `needsIndex`: restore the head in memory and decide
   * again with its tree as `committed`. `setAside`: damaged files that no backup has; move them to quarantine.
   * `proveEmpty`: nothing may be uploaded until `findHead` has proven that the store holds no generation.
   */
  | {
      readonly verdict: 'ahead'
      readonly needsIndex: boolean
      readonly setAside: readonly string[]
      readonly proveEmpty: boolean
    }
  /** The head is what counts: restore it. `quarantine`: move what is there aside first. */
  | { readonly verdict: 'remoteAhead'; readonly quarantine: boolean; readonly unsaved: number }
  /** Proven: pair. `quarantine`: leftovers of a pairing that broke off are moved aside first. */
  | { readonly verdict: 'noBackup'; readonly quarantine: boolean }
  /** Neither pair nor write: `unproven` try again later · `damaged` a person must look at the local files. */
  | { readonly verdict: 'cannotTell'; readonly reason: 'unproven' | 'damaged'; readonly message: string }

/** Decides what a start does with what is on the disk and what is in the store. Pure: it asks nobody and moves nothing. */
export function decideVerdict({ local, head, absence }: VerdictInput): Verdict {
  const present = local !== null && (local.hashes.size > 0 || local.damaged.length > 0) ? local : null
  if (head === null) return present ? withoutHead(present, absence) : nothingAnywhere(absence)
  if (present === null) return { verdict: 'remoteAhead', quarantine: false, unsaved: 0 }
  return present.damaged.length > 0 ? withDamage(present, head) : whole(present, head)
}

function nothingAnywhere(absence: 'proven' | 'unknown'): Verdict {
  if (absence === 'proven') return { verdict: 'noBackup', quarantine: false }
  return unproven('There is no local session and it is not proven that the store has none')
}

function withoutHead(local: LocalFacts, absence: 'proven' | 'unknown'): Verdict {
  if (local.damaged.includes(credsFile)) {
    return {
      verdict: 'cannotTell',
      reason: 'damaged',
      message:
        'The local creds.json is damaged and there is no backup to heal it from. Nothing was changed. Put a whole copy in its place, or move the folder away and pair again.',
    }
  }
  if (local.paired) return localOnly(local, absence)
  if (absence === 'unknown') {
    return unproven('The local session is not paired and it is not proven that the store has none')
  }
  // A damaged session file beside an unpaired creds.json is still more than nothing: a person decides.
  if (local.damaged.length === 0) return { verdict: 'noBackup', quarantine: true }
  return {
    verdict: 'cannotTell',
    reason: 'damaged',
    message:
      'The local session is not paired, holds damaged files, and there is no backup. Nothing was changed. Move the folder away to pair again.',
  }
}

/** A folder that has had a head before, and a registry without one: unless the store is proven empty, one is lost. */
function localOnly(local: LocalFacts, absence: 'proven' | 'unknown'): Verdict {
  const proven = absence === 'proven'
  if (!proven && local.base?.head) {
    return unproven('The local session was backed up before, but the registry knows no backup of it')
  }
  return { verdict: 'ahead', needsIndex: false, setAside: local.damaged, proveEmpty: !proven }
}

function whole(local: LocalFacts, head: Head): Verdict {
  if (local.hashes.digest() === head.tree) return { verdict: 'current', heal: [] }
  // What is not paired never replaces a backup, whatever its records say.
  if (!local.paired) return superseded(local)
  const indexed = local.committed?.digest() === head.tree
  if (!indexed && !continuesHead(local.base, head)) return superseded(local)
  return { verdict: 'ahead', needsIndex: !indexed, setAside: [], proveEmpty: false }
}

/**
 * Damage is healed only when the rest is exactly the head: with the committed hashes in place of the damaged files,
 * the set is the head's. Otherwise a healed file would be of another time than its neighbours, and the whole session
 * is restored.
 */
function withDamage(local: LocalFacts, head: Head): Verdict {
  if (local.hashes.digest() === head.tree) return { verdict: 'current', heal: local.damaged }
  if (local.committed?.digest() === head.tree) {
    const healed = withCommitted(local.hashes, local.damaged, local.committed)
    return healed === head.tree ? { verdict: 'current', heal: local.damaged } : superseded(local)
  }
  if (!continuesHead(local.base, head)) return superseded(local)
  return { verdict: 'ahead', needsIndex: true, setAside: [], proveEmpty: false }
}

function withCommitted(hashes: FileTree, damaged: readonly string[], committed: FileTree): string {
  const healed = new FileTree(hashes.entries())
  for (const name of damaged) {
    const hash = committed.get(name)
    if (hash !== undefined) healed.set(name, hash)
  }
  return healed.digest()
}

/**
 * True when the local copy was written on top of `head`: it says so, a later owner wrote it (epochs only grow, so what an
 * earlier one left is not news), or the same owner did and it has tried that generation (a crash between the commit and
 * its record) or comes from one beyond it. Another head of the same owner is newer than the copy, which is then one that
 * was put back: a volume's snapshot, a backup of the disk. How far an earlier owner had come says nothing: a registry
 * that was restored from an old dump counts from there again.
 */
export function continuesHead(
  base: LocalBase | null,
  head: Pick<Head, 'seq' | 'epoch'> & { readonly digest?: string },
): boolean {
  if (base === null) return false
  const reached = base.head?.seq ?? 0
  const same = base.head !== null && base.head.digest === head.digest
  if (same || base.epoch > head.epoch) return true
  return base.epoch === head.epoch && (reached >= head.seq || hasTried(base, head))
}

/** True when the copy knows of an upload that may have become `head`, so that nothing in `head` is news to it. */
export function hasTried(
  { attempts = [] }: LocalBase,
  { seq, digest }: { readonly seq: number; readonly digest?: string },
): boolean {
  if (digest === undefined) return attempts.some((attempt) => attempt.seq >= seq)
  return attempts.some((attempt) => attempt.digest === digest)
}

/**
 * True when a local copy proves that a generation never was the head: the copy was opened under a later epoch, and what
 * it continues is older. Its upload came too late, or was not answered, and the work went on without it.
 */
export function neverCommitted(base: LocalBase, generation: Pick<Head, 'seq' | 'epoch'>): boolean {
  return base.head !== null && generation.epoch < base.epoch && generation.seq > base.head.seq
}

function superseded(local: LocalFacts): Verdict {
  return { verdict: 'remoteAhead', quarantine: true, unsaved: local.unsaved }
}

function unproven(what: string): Verdict {
  return {
    verdict: 'cannotTell',
    reason: 'unproven',
    message: `${what}. Nothing is paired or written until the store and the registry answer.`,
  }
}
