import { createHash } from 'node:crypto'
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SessionError } from '../errors.js'
import { makeDirectory, noPlaceFor } from './make-directory.js'
import { livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.js'

export interface DirectoryLock {
  /** Gives the directory up. Safe to call again; never rejects because the directory has gone. */
  release(): Promise<void>
}

export interface DirectoryLockOptions {
  /** What the directory holds, for people: `The embedded registry`. */
  readonly what: string
  /** How often the holder touches its lock. Default 1,000. */
  readonly heartbeatMs?: number
  /** How long a holder that cannot be looked up by its pid must be silent before its lock is broken. Default 10,000. */
  readonly silenceMs?: number
}

/*
 * A lock is a file with a number, in `<directory>/.lock/`. The file with the highest number is the lock; it is
 * created exclusively, changed only by its holder, and never deleted while it is the highest. So breaking a stale
 * lock is creating the next number, which one racer can do, and nobody can break a lock that he has not seen.
 * The last few files stay: who acts on an old listing creates a number that is no longer the highest, and sees so.
 */
const folder = '.lock'
const digits = 10
const keptFiles = 8

/**
 * Makes this process the only user of a directory (created when absent), across processes and containers that see
 * it. The lock of a process that has died is broken at once; one whose holder cannot be looked up (another
 * container, a rebooted machine) only after `silenceMs` without a heartbeat.
 * @throws SessionError `locked` another process (or this one) uses it · `denied` · `diskFull` · `invalid` not a directory
 */
export async function lockDirectory(path: string, options: DirectoryLockOptions): Promise<DirectoryLock> {
  const locks = join(path, folder)
  try {
    await makeDirectory(locks)
    for (;;) {
      const highest = (await numbersIn(locks)).at(-1) ?? 0
      const holder = highest === 0 ? null : await holderOf(fileOf(locks, highest), options)
      if (holder === 'gone') continue
      if (holder) throw lockedError(path, options.what, holder)
      const held = await create(locks, highest + 1)
      if (held) return keep(held, options.heartbeatMs ?? 1_000)
    }
  } catch (error) {
    throw asSessionError(error, path, options.what)
  }
}

type Holder = ProcessIdentity | 'unreadable'

/** The living holder of a lock file, or null when the lock is released or stale. */
async function holderOf(file: string, options: DirectoryLockOptions): Promise<Holder | 'gone' | null> {
  let seen = await look(file)
  for (let looks = 1; ; looks++) {
    if (seen === null) return 'gone'
    if (seen.holder === 'released') return null
    const liveness = seen.holder === 'unreadable' ? 'unknown' : livenessOf(seen.holder)
    if (liveness === 'dead') return null
    // Unreadable at first means that it is being written; a heartbeat means that somebody is there.
    if (liveness === 'alive' || looks === 3) return seen.holder
    const next = await nextVersion(file, seen, options.silenceMs ?? 10_000)
    if (next === seen) return null
    seen = next
  }
}

/** The lock file once it has changed, or `seen` itself when it did not change in time. */
async function nextVersion(file: string, seen: LockFile, silenceMs: number): Promise<LockFile | null> {
  const end = performance.now() + silenceMs
  while (performance.now() < end) {
    await delay(Math.min(50, silenceMs))
    const now = await look(file)
    if (now?.version !== seen.version) return now
  }
  return seen
}

interface LockFile {
  readonly holder: ProcessIdentity | 'released' | 'unreadable'
  /** Differs after every write and heartbeat. */
  readonly version: string
}

async function look(file: string): Promise<LockFile | null> {
  try {
    const info = await stat(file, { bigint: true })
    const text = await readFile(file, 'utf8')
    return { holder: parse(text), version: `${info.mtimeNs} ${text}` }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** What a holder writes: who it is, with a checksum, so that a damaged lock is never taken for a dead holder's. */
export function lockText(identity: ProcessIdentity): string {
  return JSON.stringify({ ...identity, check: checkOf(identity) })
}

function checkOf({ pid, startTicks, pidSpace }: ProcessIdentity): string {
  return createHash('sha256')
    .update(JSON.stringify([pid, startTicks, pidSpace]))
    .digest('hex')
    .slice(0, 16)
}

function parse(text: string): LockFile['holder'] {
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity> & { released?: boolean; check?: string }
    if (value.released === true) return 'released'
    const { pid, startTicks, pidSpace, check } = value
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof pidSpace !== 'string') return 'unreadable'
    const holder = { pid: pid!, startTicks: typeof startTicks === 'string' ? startTicks : null, pidSpace }
    return check === checkOf(holder) ? holder : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

interface HeldFile {
  readonly handle: FileHandle
  readonly bytes: number
}

/** Creates lock number `number` and proves that it is the highest; null when another process was first. */
async function create(locks: string, number: number): Promise<HeldFile | null> {
  const file = fileOf(locks, number)
  const handle = await openNew(file)
  if (handle === null) return null
  try {
    const text = Buffer.from(lockText(ownIdentity()))
    await handle.write(text, 0, text.length, 0)
    const numbers = await numbersIn(locks)
    if (numbers.at(-1) === number) {
      for (const old of numbers) if (old <= number - keptFiles) await rm(fileOf(locks, old), { force: true })
      return { handle, bytes: text.length }
    }
    await rm(file, { force: true })
  } catch (error) {
    // The file stays: it may be the highest. Silent and unreadable, it goes stale.
    await handle.close()
    throw error
  }
  await handle.close()
  return null
}

async function openNew(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
    throw error
  }
}

function keep(held: HeldFile, heartbeatMs: number): DirectoryLock {
  let released: Promise<void> | undefined
  const beat = setInterval(() => {
    const now = new Date()
    held.handle.utimes(now, now).catch(() => {})
  }, heartbeatMs)
  beat.unref()
  const release = async () => {
    clearInterval(beat)
    // One write of the same length: a reader sees the holder or the release, nothing between.
    const text = Buffer.from('{"released":true}'.padEnd(held.bytes))
    await held.handle.write(text, 0, text.length, 0).catch(() => {})
    await held.handle.close()
  }
  return { release: () => (released ??= release()) }
}

async function numbersIn(locks: string): Promise<number[]> {
  const names = (await readdir(locks)).filter((name) => /^\d{10}$/.test(name))
  return names.map(Number).sort((a, b) => a - b)
}

function fileOf(locks: string, number: number): string {
  return join(locks, String(number).padStart(digits, '0'))
}

function lockedError(path: string, what: string, holder: Holder): SessionError {
  const who = holder === 'unreadable' ? 'another process' : `process ${holder.pid}`
  const where =
    holder !== 'unreadable' && livenessOf(holder) === 'unknown' ? ' of another container or host' : ''
  return new SessionError(
    'locked',
    `${what} at ${path} is in use by ${who}${where}. Stop that process or choose another directory; nothing was touched.`,
  )
}

function asSessionError(error: unknown, path: string, what: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  const say = (kind: 'denied' | 'diskFull' | 'invalid', problem: string) =>
    new SessionError(kind, `${what} at ${path} cannot be locked: ${problem}.`, { cause: error })
  if (error instanceof SessionError) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') return say('diskFull', 'the disk is full; free some space')
  const problem = noPlaceFor(error)
  if (problem !== null) return say('invalid', `${problem}; choose a directory on a disk`)
  return say('denied', `${code ?? 'the file system refused'}; make the directory writable for this user`)
}
