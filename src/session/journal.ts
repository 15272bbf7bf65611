import { join } from 'node:path'
import { hashKeyFile } from '../replication/hash.js'
import type { Attempt, Base } from './base.js'
import { cutByAnother, type Disk } from './disk.js'
import {
  type DecodedJournal,
  decodeJournal,
  encodeRecord,
  type JournalFile,
  type JournalRecord,
} from './journal-codec.js'
import { temporaryPath } from './temporary.js'

export const journalName = '.journal'

/** A journal is rewritten when it outgrows this and four times what it must hold. */
const journalLimitBytes = 1024 * 1024
/**
 * When everything is saved, a shorter journal is left as it is. A rewrite makes a file, which took 0.6 ms on a busy disk
 * where an append took 10 µs: it is worth its cost for every few dozen messages only.
 */
const settledJournalBytes = 64 * 1024

/** What a text can hold. The journal of a session that no backup has yet is longer than all of its files together. */
const mostJournalBytes = 2 ** 29 - 24

/** A store that is away lets one fail after the other; the one that became the head is the last or nearly so. */
const mostAttempts = 64

/**
 * The redo log of a session's uncommitted changes, beside its key files: after a crash it tells which files differ
 * from the committed generation and what bytes they must have. It survives a kill of the process; it is not synced
 * for each batch, so a loss of power may take the last ones.
 */
export class Journal {
  readonly #disk: Disk
  readonly #folder: string
  readonly #shortest: () => readonly JournalRecord[]
  /** Told when it had to be made again: what else another program took away is not known. */
  onRenewal: () => void = () => {}
  #bytes = 0
  /** Generations tried since the last one that is known to be the head. */
  #attempts: Attempt[] = []
  /** The newest of them that the disk has not taken. */
  #owed: Attempt | null = null

  /** @param shortest all that must be in it now */
  constructor(disk: Disk, folder: string, shortest: () => readonly JournalRecord[]) {
    this.#disk = disk
    this.#folder = folder
    this.#shortest = shortest
  }

  /** Another program took the whole folder away. */
  get hasNoFolder(): boolean {
    return this.#disk.look(this.#folder) === null
  }

  /** Another program took it away, or put something else in its place. */
  get isGone(): boolean {
    return this.#disk.look(join(this.#folder, journalName))?.kind !== 'file'
  }

  /** When nothing in it is needed any more. */
  get isWorthSettling(): boolean {
    return this.#bytes > settledJournalBytes
  }

  hasOutgrown(neededBytes: number): boolean {
    return this.#bytes > Math.max(journalLimitBytes, 4 * neededBytes)
  }

  /** All or nothing: after a failure the journal is what it was. */
  append(record: JournalRecord): void {
    const line = encodeRecord(record)
    const owed = this.#owed === null ? [] : [encodeRecord({ kind: 'attempt', attempt: this.#owed })]
    const bytes = Buffer.concat([...owed, line])
    this.#append(bytes)
    this.#bytes += bytes.length
    this.#owed = null
    this.#forgetSettled(record)
  }

  /**
   * Notes that a generation is about to be uploaded, before it can become the head: a copy of the disk from before that
   * is told from one that was killed before it had noted its commit. What a full disk does not take goes before whatever
   * it takes next, so that no change is accepted on top of an attempt that is not noted.
   */
  attempt(attempt: Attempt): void {
    this.#attempts = [...this.#attempts.slice(1 - mostAttempts), attempt]
    const line = encodeRecord({ kind: 'attempt', attempt })
    this.#owed = attempt
    try {
      this.#disk.append(join(this.#folder, journalName), line, this.#bytes)
      this.#bytes += line.length
      this.#owed = null
    } catch {
      // Said above.
    }
  }

  /** Makes folder and journal where there is none any more, from what is in memory: nothing that was accepted is lost. */
  renew(): void {
    this.#disk.makeDirectory(this.#folder)
    this.rewrite()
    this.onRenewal()
  }

  /** Replaces the journal as a whole. */
  rewrite(): void {
    const records = this.#shortest()
    const attempts = unsettled(this.#attempts, records[0]).map(
      (attempt) => ({ kind: 'attempt', attempt }) as const,
    )
    const bytes = Buffer.concat([...records, ...attempts].map(encodeRecord))
    const temporary = temporaryPath(this.#folder, 'journal')
    try {
      this.#disk.create(temporary, bytes)
      this.#disk.rename(temporary, join(this.#folder, journalName))
    } catch (error) {
      this.#disk.unlink(temporary)
      throw error
    }
    this.#bytes = bytes.length
    this.#owed = null
    this.#forgetSettled(records[0])
  }

  #append(bytes: Uint8Array): void {
    try {
      this.#disk.append(join(this.#folder, journalName), bytes, this.#bytes)
    } catch (error) {
      if (!this.isGone && !isCut(error)) throw error
      this.renew()
      this.#disk.append(join(this.#folder, journalName), bytes, this.#bytes)
    }
  }

  #forgetSettled(record: JournalRecord | undefined): void {
    this.#attempts = unsettled(this.#attempts, record)
  }
}

function isCut(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === cutByAnother
}

/** Without those that a newer head has left behind. */
function unsettled(attempts: Attempt[], record: JournalRecord | undefined): Attempt[] {
  if (record?.kind !== 'base' && record?.kind !== 'saved') return attempts
  const reached = record.base.head?.seq ?? 0
  return attempts.filter(({ seq }) => seq > reached)
}

export interface JournaledFile {
  readonly content: string | null
  readonly hash: string | null
  readonly previous: string | null
  /** Part of the last batch, the only one that a crash can have left unapplied. */
  readonly last: boolean
}

export interface JournalContent {
  readonly base: Base
  /** Its end is lost; the batches before it had reached the files. */
  readonly torn: boolean
  /** Last known content of files on disk, as far as the journal knows. */
  readonly files: ReadonlyMap<string, JournaledFile>
  /** Changes that the committed generation lacks: their committed hashes. */
  readonly unsaved: ReadonlyMap<string, string | null>
}

/** The journal of a folder; null when there is none, `damaged` when it cannot be trusted. */
export function readJournal(disk: Disk, folder: string): JournalContent | 'damaged' | null {
  const file = disk.read(join(folder, journalName), mostJournalBytes)
  if (file === null) return null
  const decoded = decodeJournal(file.bytes)
  return decoded === null ? 'damaged' : replay(decoded)
}

function replay({ records, torn }: DecodedJournal): JournalContent {
  const unsaved = new Map<string, { committed: string | null; position: number }>()
  const latest = new Map<string, JournalFile>()
  let base: Base | undefined
  let attempts: Attempt[] = []
  let last: readonly JournalFile[] = []
  for (const record of records) {
    if (record.kind === 'attempt') attempts.push(record.attempt)
    if (record.kind === 'base' || record.kind === 'saved') base = record.base
    attempts = unsettled(attempts, record)
    if (record.kind === 'saved') forgetSaved(unsaved, latest, record)
    if (record.kind !== 'batch') continue
    last = record.files
    for (const file of record.files) {
      latest.set(file.name, file)
      if (file.settled) unsaved.delete(file.name)
      else {
        const before = unsaved.get(file.name)
        const committed = before ? before.committed : file.committed
        unsaved.set(file.name, { committed, position: record.position })
      }
    }
  }
  const inLast = new Set(last.map((file) => file.name))
  const files = new Map<string, JournaledFile>()
  for (const { name, content, previous } of latest.values()) {
    if (!unsaved.has(name) && !inLast.has(name)) continue
    files.set(name, { content, hash: hashOf(name, content), previous, last: inLast.has(name) })
  }
  return {
    base: attempts.length > 0 ? { ...base!, attempts } : base!,
    torn,
    files,
    unsaved: new Map([...unsaved].map(([name, { committed }]) => [name, committed])),
  }
}

function forgetSaved(
  unsaved: Map<string, { committed: string | null; position: number }>,
  latest: ReadonlyMap<string, JournalFile>,
  record: Extract<JournalRecord, { kind: 'saved' }>,
): void {
  for (const [name, { position }] of unsaved) if (position <= record.position) unsaved.delete(name)
  for (const [name, committed] of record.overwritten) {
    const entry = unsaved.get(name)
    if (!entry) continue
    if (hashOf(name, latest.get(name)!.content) === committed) unsaved.delete(name)
    else unsaved.set(name, { ...entry, committed })
  }
}

function hashOf(name: string, content: string | null): string | null {
  return content === null ? null : hashKeyFile(content, name)
}
