import { SessionError } from '../errors.js'
import type { Head, Lease, LeasedTenant } from '../ports/index.js'
import type { ChainState } from '../replication/chain-state.js'
import type { GenerationToCommit } from '../replication/commit.js'
import type { Base } from '../session/base.js'
import type { Capture } from '../session/capture.js'
import type { FolderListener } from '../session/folder-listeners.js'
import type { KeyFolder } from '../session/key-folder.js'

/** A generation that is uploaded and whose swap was not answered: it may or may not be the head. */
export interface UnansweredSwap {
  readonly capture: Capture
  readonly generation: GenerationToCommit
  readonly uploadMs: number
}

/**
 * What the actors of one tenant share: its lease, its head, its open folder. Only actors change it; the machine sees
 * positions.
 */
export class TenantWork {
  readonly tenantId: string
  lease: Lease | null = null
  /** A lease that was claimed for this session, until it is taken up; null when it has to ask for one. */
  claimed: LeasedTenant | null = null
  /** The newest committed generation as far as this owner knows; only its own commits move it while it holds the lease. */
  head: Head | null = null
  /** How long the registry had heard nothing of the session when it gave the lease, milliseconds. */
  silentMs = 0
  chain: ChainState | null = null
  folder: KeyFolder | null = null
  /** The next generation must be a snapshot, even if nothing changed: an older one was restored. */
  snapshotOwed = false
  /** No head is known, and it is not yet proven that the store has none. */
  absenceUnproven = false
  /** What the local copy said it continues when it was opened; null when it did not say. */
  startedFrom: Base | null = null
  /** The registry's head is not the one expected: it is read again before anything is written. */
  headDoubtful = false
  unanswered: UnansweredSwap | null = null
  /** Another owner has the lease; it has been told. */
  waitsForLease = false
  /** When the registry last did not answer a wait for the lease; null when it always has. */
  registryAwayAt: number | null = null
  /** WhatsApp refused the device, which it had never linked: the pairing was cut off. */
  neverLinked = false
  /** The head when old generations were last looked for. */
  collectedSeq = 0
  /** When that was, milliseconds since the Unix epoch. */
  collectedAt = 0
  /** Its end has begun: what the store or the registry answers from here on is not acted upon. */
  isOver = false
  /** What the link waits for, or waited for last. */
  linkWait: { readonly code: number | null; readonly until: number } | null = null
  /** The session's own number, digits only. */
  phoneNumber: string | null = null
  /** Told what happens in the open folder. */
  readonly #listener: FolderListener
  readonly #waiting = new Set<{ position: number; done: () => void }>()
  #savedPosition = 0
  #nobodyWaits = false
  #lastCreatedAt = 0
  readonly #underWay = new Set<Promise<unknown>>()
  #lastBackup: Promise<unknown> = Promise.resolve()

  constructor(tenantId: string, listener: FolderListener) {
    this.tenantId = tenantId
    this.#listener = listener
  }

  get savedPosition(): number {
    return this.#savedPosition
  }

  /** The lease, when it is held. */
  get epoch(): number {
    return this.lease?.epoch ?? 0
  }

  /** @throws SessionError `closed` the session has ended while something was waited for */
  checkLive(): void {
    if (!this.isOver) return
    throw new SessionError(
      'closed',
      `The session of tenant ${this.tenantId} ended meanwhile; nothing was done.`,
    )
  }

  /**
   * Date of the next generation: later than those of all earlier attempts of this owner, whatever its clock does. So
   * the store alone tells which of two attempts at one generation came last.
   */
  nextCreatedAt(nowMs: number): number {
    this.#lastCreatedAt = Math.max(Math.trunc(nowMs), this.#lastCreatedAt + 1)
    return this.#lastCreatedAt
  }

  /** One backup at a time; a second waits for the first. */
  afterOtherBackups<T>(backup: () => Promise<T>): Promise<T> {
    const result = this.#lastBackup.then(backup)
    this.#lastBackup = result.catch(() => {})
    return result
  }

  /** Notes what an actor does: it goes on when the machine no longer waits for it. */
  track<T>(doing: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = doing.catch(() => {}).then(() => this.#underWay.delete(settled))
    this.#underWay.add(settled)
    return doing
  }

  /** Resolves when nothing of the session is under way any more: no backup, no lease to be given back. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** A newly opened folder starts to count anew. */
  openFolder(folder: KeyFolder, savedPosition: number): void {
    this.folder = folder
    folder.listen(this.#listener)
    this.#savedPosition = savedPosition
  }

  noteSaved(position: number): void {
    this.#savedPosition = Math.max(this.#savedPosition, position)
    for (const waiter of [...this.#waiting]) if (waiter.position <= this.#savedPosition) waiter.done()
  }

  /** The session is over: nobody waits for it any longer. */
  stopWaiting(): void {
    this.#nobodyWaits = true
    for (const waiter of [...this.#waiting]) waiter.done()
  }

  /** Calls `done` once, when `position` is committed or the session over; at once when it is. Returns the way to stop waiting. */
  whenSaved(position: number, done: () => void): () => void {
    if (position <= this.#savedPosition || this.#nobodyWaits) {
      done()
      return () => {}
    }
    const waiter = {
      position,
      done: () => {
        this.#waiting.delete(waiter)
        done()
      },
    }
    this.#waiting.add(waiter)
    return () => void this.#waiting.delete(waiter)
  }
}
