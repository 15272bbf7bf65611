import { isKeyFileName } from '../ports/key-file-name.js'
import { sha256 } from '../replication/hash.js'
import { type Attempt, type Base, isAttempt, isBase } from './base.js'

/** One file of a batch. Hashes are null for "no such file". */
export interface JournalFile {
  readonly name: string
  readonly content: string | null
  /** Hash of what was on disk before. A file that still has it after a crash was not reached. */
  readonly previous: string | null
  /** Hash in the committed generation; {@link unknownHash} when that is not known. */
  readonly committed: string | null
  /** True when the batch brought the file back to the committed content, so that it is no unsaved change any more. */
  readonly settled: boolean
}

/** Stands for "whatever the committed generation has": equal to no hash. */
export const unknownHash = ''

export type JournalRecord =
  | { readonly kind: 'base'; readonly base: Base; readonly position: number }
  | { readonly kind: 'batch'; readonly position: number; readonly files: readonly JournalFile[] }
  | {
      readonly kind: 'saved'
      /** Everything up to this position is committed … */
      readonly position: number
      readonly base: Base
      /** … but for these, which were overwritten since: their committed hashes. */
      readonly overwritten: readonly (readonly [name: string, committed: string | null])[]
    }
  /** Everything before it goes into that generation, which is about to be uploaded. */
  | { readonly kind: 'attempt'; readonly attempt: Attempt }

const format = 1

/** A line: checksum, space, JSON, newline. */
export function encodeRecord(record: JournalRecord): Buffer {
  const json = JSON.stringify(toJson(record))
  return Buffer.from(`${checksum(json)} ${json}\n`)
}

function toJson(record: JournalRecord): unknown {
  if (record.kind === 'base') return ['base', format, record.position, record.base]
  if (record.kind === 'saved') return ['saved', record.position, record.base, record.overwritten]
  if (record.kind === 'attempt') return ['attempt', record.attempt]
  const files = record.files.map((file) => [
    file.name,
    file.content,
    file.previous,
    file.committed,
    file.settled ? 1 : 0,
  ])
  return ['batch', record.position, files]
}

export interface DecodedJournal {
  readonly records: readonly JournalRecord[]
  /**
   * Something that is no record follows the last one: a batch that was never acknowledged because the process was
   * killed while it wrote it, or acknowledged ones that the disk has lost.
   */
  readonly torn: boolean
}

/**
 * The records of a journal in order, or null when it cannot be trusted: a bad line before a good one means that
 * acknowledged batches are missing.
 */
export function decodeJournal(bytes: Uint8Array): DecodedJournal | null {
  const lines = Buffer.from(bytes).toString('utf8').split('\n')
  // What follows the last newline: empty, or torn.
  const rest = lines.pop()
  const decoded = lines.map(decodeLine)
  const firstBad = decoded.indexOf(null)
  const records = (firstBad < 0 ? decoded : decoded.slice(0, firstBad)) as JournalRecord[]
  const lostInside = firstBad >= 0 && decoded.slice(firstBad).some((record) => record !== null)
  if (lostInside || !isConsecutive(records)) return null
  return { records, torn: firstBad >= 0 || rest !== '' }
}

function isConsecutive(records: readonly JournalRecord[]): boolean {
  const [first, ...others] = records
  if (first?.kind !== 'base') return false
  let position = first.position
  for (const record of others) {
    if (record.kind === 'base') return false
    if (record.kind === 'batch' && record.position !== ++position) return false
    if (record.kind === 'saved' && record.position > position) return false
  }
  return true
}

function decodeLine(line: string): JournalRecord | null {
  const json = line.slice(17)
  if (line[16] !== ' ' || line.slice(0, 16) !== checksum(json)) return null
  try {
    return fromJson(JSON.parse(json))
  } catch {
    return null
  }
}

function fromJson(value: unknown): JournalRecord | null {
  if (!Array.isArray(value)) return null
  const [kind, ...rest] = value
  if (kind === 'base') return baseRecord(rest)
  if (kind === 'batch') return batchRecord(rest)
  if (kind === 'attempt') return isAttempt(rest[0]) ? { kind, attempt: rest[0] } : null
  return kind === 'saved' ? savedRecord(rest) : null
}

function baseRecord([version, position, base]: unknown[]): JournalRecord | null {
  return version === format && isPosition(position) && isBase(base) ? { kind: 'base', base, position } : null
}

function batchRecord([position, rows]: unknown[]): JournalRecord | null {
  if (!isPosition(position) || !Array.isArray(rows)) return null
  const files = rows.map(journalFile)
  return files.includes(null) ? null : { kind: 'batch', position, files: files as JournalFile[] }
}

function journalFile(row: unknown): JournalFile | null {
  if (!Array.isArray(row)) return null
  const [name, content, previous, committed, settled] = row
  const good = isKeyFileName(name) && [content, previous, committed].every(isTextOrNull)
  return good ? { name, content, previous, committed, settled: settled === 1 } : null
}

function savedRecord([position, base, rows]: unknown[]): JournalRecord | null {
  if (!isPosition(position) || !isBase(base) || !Array.isArray(rows)) return null
  const good = rows.every((row) => Array.isArray(row) && isKeyFileName(row[0]) && isTextOrNull(row[1]))
  return good ? { kind: 'saved', position, base, overwritten: rows } : null
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function checksum(json: string): string {
  return sha256(json).slice(0, 16)
}
