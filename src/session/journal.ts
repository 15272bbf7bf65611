import { join } from 'node:path'
import { hashKeyFile } from '../replication/hash.js'
import type { Base } from './base.js'
import type { Disk } from './disk.js'
import {
  type DecodedJournal,
  decodeJournal,
  encodeRecord,
  type JournalFile,
  type JournalRecord,
} from './journal-codec.js'
import { temporaryPath } from './temporary.js'

export const journalName = '.journal'

/**
 * The redo log of a session's uncommitted changes, beside its key files: after a crash it tells which files differ
 * from the committed generation and what bytes they must have. It survives a kill of the process; it is not synced
 * for each batch, so a loss of power may take the last ones.
 */
export class Journal {
  readonly #disk: Disk
  readonly #folder: string
  #bytes = 0

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  get bytes(): number {
    return this.#bytes
  }

  /** All or nothing: after a failure the journal is what it was. */
  append(record: JournalRecord): void {
    const line = encodeRecord(record)
    this.#disk.append(join(this.#folder, journalName), line, this.#bytes)
    this.#bytes += line.length
  }

  /** Replaces the journal as a whole. */
  rewrite(records: readonly JournalRecord[]): void {
    const bytes = Buffer.concat(records.map(encodeRecord))
    const temporary = temporaryPath(this.#folder, 'journal')
    try {
      this.#disk.create(temporary, bytes)
      this.#disk.rename(temporary, join(this.#folder, journalName))
    } catch (error) {
      this.#disk.unlink(temporary)
      throw error
    }
    this.#bytes = bytes.length
  }
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
  const file = disk.read(join(folder, journalName))
  if (file === null) return null
  const decoded = decodeJournal(file.bytes)
  return decoded === null ? 'damaged' : replay(decoded)
}

function replay({ records, torn }: DecodedJournal): JournalContent {
  const unsaved = new Map<string, { committed: string | null; position: number }>()
  const latest = new Map<string, JournalFile>()
  let base: Base | undefined
  let last: readonly JournalFile[] = []
  for (const record of records) {
    if (record.kind !== 'batch') base = record.base
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
    base: base!,
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
