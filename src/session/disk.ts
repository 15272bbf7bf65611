import * as fs from 'node:fs'
import { constants } from 'node:fs'
import { makeDirectorySync } from '../ports/make-directory.js'

export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'other'
  readonly bytes: number
  readonly mtimeMs: number
  readonly ino: number
  /** Permission bits. */
  readonly mode: number
}

/** What was seen of each file of a folder, by name. */
export type SeenFacts = Iterable<readonly [name: string, facts: FileFacts]>

/**
 * The file system as the session folders use it. Synchronous but for syncing, because these files are small and the
 * same through the thread pool costs eight times as much. Methods throw Node's errors; tests give one that fails.
 */
export interface Disk {
  /**
   * A whole file, or null when there is none.
   * @throws `EFTYPE` or `ELOOP` for anything but a regular file of at most `mostBytes`, default {@link maxFileBytes}
   */
  read(path: string, mostBytes?: number): { bytes: Buffer; facts: FileFacts } | null
  /** Makes a file of mode 0600, in the place of what a crash left there. Not synced. */
  create(path: string, bytes: Uint8Array): FileFacts
  /**
   * Writes at `offset`, which becomes the place where what was there before ends; on failure cut back to it.
   * @throws {@link cutByAnother} it ends before `offset`
   */
  append(path: string, bytes: Uint8Array, offset: number): void
  rename(from: string, to: string): void
  /** A path that does not exist is fine. */
  unlink(path: string): void
  /** Creates a directory of mode 0700, and its parents; one that exists is fine. @throws `ENOTSUP` no place for one */
  makeDirectory(path: string): void
  /** A path that does not exist is fine. */
  removeTree(path: string): void
  /** Names in a directory, sorted; an empty list when there is none. */
  list(path: string): string[]
  /** Facts of the path itself, links not followed; null when there is nothing. */
  look(path: string): FileFacts | null
  setMode(path: string, mode: number): void
  /**
   * Makes a file's content, or a directory's entries, survive a loss of power. Callers that come while the same path is
   * being synced share one that begins after it.
   */
  sync(path: string): Promise<void>
}

/** Code of the error for a file that is shorter than what was written to it. */
export const cutByAnother = 'ESTALE'

/** No key file is near this; a larger one is not read into memory. */
export const maxFileBytes = 64 * 1024 * 1024

const noFollow = constants.O_NOFOLLOW ?? 0
const nonBlocking = constants.O_NONBLOCK ?? 0

export const systemDisk: Disk = {
  read: (path, mostBytes = maxFileBytes) => {
    const flags = constants.O_RDONLY | noFollow | nonBlocking
    return unlessAbsent(() => withFile(path, flags, (file) => readWhole(file, mostBytes)), null)
  },
  create: (path, bytes) =>
    withFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | noFollow, (file) => {
      writeAll(file, bytes, null)
      return factsOf(fs.fstatSync(file))
    }),
  append: (path, bytes, offset) =>
    withFile(path, constants.O_WRONLY | noFollow, (file) => appendAt(file, bytes, offset)),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (path) => unlessAbsent(() => fs.unlinkSync(path), undefined),
  makeDirectory: (path) => makeDirectorySync(path, 0o700),
  removeTree,
  list: (path) => unlessAbsent(() => fs.readdirSync(path).sort(), []),
  look: (path) => unlessAbsent(() => factsOf(fs.lstatSync(path)), null),
  setMode: (path, mode) => fs.chmodSync(path, mode),
  sync: syncTogether,
}

function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = fs.openSync(path, flags, 0o600)
  try {
    return use(file)
  } finally {
    fs.closeSync(file)
  }
}

function readWhole(file: number, mostBytes: number): { bytes: Buffer; facts: FileFacts } {
  const facts = factsOf(fs.fstatSync(file))
  if (facts.kind !== 'file' || facts.bytes > mostBytes) {
    throw Object.assign(new Error('not a regular file of a sensible size'), { code: 'EFTYPE' })
  }
  const bytes = Buffer.allocUnsafe(facts.bytes)
  let read = 0
  while (read < bytes.length) {
    const count = fs.readSync(file, bytes, read, bytes.length - read, null)
    if (count === 0) break
    read += count
  }
  return { bytes: bytes.subarray(0, read), facts }
}

function appendAt(file: number, bytes: Uint8Array, offset: number): void {
  const size = fs.fstatSync(file).size
  // What an earlier failure could not cut off.
  if (size > offset) fs.ftruncateSync(file, offset)
  if (size < offset)
    throw Object.assign(new Error('the file was cut by another program'), { code: cutByAnother })
  try {
    writeAll(file, bytes, offset)
  } catch (error) {
    fs.ftruncateSync(file, offset)
    throw error
  }
}

function writeAll(file: number, bytes: Uint8Array, offset: number | null): void {
  let written = 0
  while (written < bytes.length) {
    const position = offset === null ? null : offset + written
    written += fs.writeSync(file, bytes, written, bytes.length - written, position)
  }
}

function factsOf(stat: fs.Stats): FileFacts {
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
  return { kind, bytes: stat.size, mtimeMs: stat.mtimeMs, ino: stat.ino, mode: stat.mode & 0o777 }
}

function unlessAbsent<T>(look: () => T, absent: T): T {
  try {
    return look()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent
    throw error
  }
}

/** Most are empty or absent, and `rmSync` looks at each entry twice. */
function removeTree(path: string): void {
  try {
    fs.rmdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    fs.rmSync(path, { recursive: true, force: true })
  }
}

interface Syncing {
  readonly done: Promise<void>
  /** For those that came too late for it. */
  next: Promise<void> | null
}

const syncing = new Map<string, Syncing>()

function syncTogether(path: string): Promise<void> {
  const now = syncing.get(path)
  if (now === undefined) return beginSync(path)
  now.next ??= now.done.then(
    () => beginSync(path),
    () => beginSync(path),
  )
  return now.next
}

function beginSync(path: string): Promise<void> {
  const own: Syncing = { done: syncPath(path), next: null }
  syncing.set(path, own)
  const ended = () => {
    if (own.next === null) syncing.delete(path)
  }
  own.done.then(ended, ended)
  return own.done
}

async function syncPath(path: string): Promise<void> {
  const file = await fs.promises.open(path, 'r')
  try {
    await file.sync()
  } catch (error) {
    // Windows cannot sync a directory, and needs not.
    if (process.platform !== 'win32') throw error
  } finally {
    await file.close()
  }
}

/** Takes permissions away from others (a folder that was moved in may be open to all). */
export function closePermissions(disk: Disk, path: string, facts: FileFacts, mode: number): void {
  if ((facts.mode & 0o077) !== 0) disk.setMode(path, mode)
}
