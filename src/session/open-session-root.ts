import { join, resolve } from 'node:path'
import { isSessionError, SessionError } from '../errors.js'
import type { Clock, Random } from '../ports/clock.js'
import { type DirectoryLock, lockDirectory } from '../ports/directory-lock.js'
import type { FolderHolds } from '../ports/folder-holds.js'
import { noPlaceFor } from '../ports/make-directory.js'
import { type Disk, systemDisk } from './disk.js'
import { diskError, onDisk } from './disk-error.js'
import { ownerIdOf, readOwnerId } from './owner.js'
import { settleIncoming } from './replacement.js'
import { RestoreThreads, type RestoreThreadsOptions } from './restore-threads.js'
import { isTenantId, SessionPaths } from './session-paths.js'
import { SessionRoot } from './session-root.js'

export interface SessionRootOptions {
  readonly path: string
  readonly clock: Clock
  readonly random: Random
  /** The file system; only tests give another. */
  readonly disk?: Disk
  /** Keeps other processes out; only tests, whose disk no other process sees, give another. */
  readonly lock?: typeof lockDirectory
  /** For restoring many sessions at once; not with a file system of the caller's. Default: no threads. */
  readonly threads?: RestoreThreadsOptions
  /** How long workers whose parent was killed have to end. Default 0. */
  readonly waitForWorkersMs?: number
}

/** Between looks whether a worker whose parent was killed has ended. */
const workerPollMs = 100

/**
 * Opens the directory that holds all sessions of this process, creating it when absent, and finishes what a crash left
 * half done in it.
 * @throws SessionError `locked` another process uses it, or a worker of one · `invalid` no directory can be there ·
 *   `denied` · `diskFull` · `unavailable`
 */
export async function openSessionRoot(options: SessionRootOptions): Promise<SessionRoot> {
  const disk = options.disk ?? systemDisk
  const takeLock = options.lock ?? lockDirectory
  const paths = new SessionPaths(resolve(options.path))
  makeRoot(disk, paths)
  const lock = await takeLock(paths.supervisor, { what: 'The session directory' })
  try {
    // A worker whose parent was killed goes on until it has drained.
    for (const worker of disk.list(paths.workers)) {
      const free = await freeOf(join(paths.workers, worker), takeLock, options)
      await free.release()
    }
    for (const path of [paths.incoming, paths.quarantine, paths.removing]) disk.makeDirectory(path)
    for (const name of disk.list(paths.removing)) disk.removeTree(join(paths.removing, name))
    for (const tenantId of disk.list(paths.incoming).filter(isTenantId))
      await settleIncoming(disk, paths, tenantId)
    const ownerId = await ownerIdOf(disk, paths.owner, options.random)
    const threads = options.disk === undefined ? threadsOf(paths, options) : null
    return new SessionRoot({ ...options, disk, paths, lock, ownerId, holds: null, threads })
  } catch (error) {
    await lock.release()
    throw diskError(error, 'prepare the session directory')
  }
}

function makeRoot(disk: Disk, { root, supervisor }: SessionPaths): void {
  try {
    disk.makeDirectory(supervisor)
  } catch (error) {
    const problem = noPlaceFor(error)
    if (problem === null) throw diskError(error, 'create the session directory')
    throw new SessionError(
      'invalid',
      `The session directory cannot be at ${root}: ${problem}. Set WHATSAPP_SESSION_PATH (sessionPath) to a directory on a disk; nothing was touched.`,
      { cause: error },
    )
  }
}

function threadsOf(paths: SessionPaths, { clock, threads }: Pick<SessionRootOptions, 'clock' | 'threads'>) {
  return threads === undefined ? null : new RestoreThreads(paths.root, clock, threads)
}

async function freeOf(
  directory: string,
  takeLock: typeof lockDirectory,
  { clock, waitForWorkersMs = 0 }: SessionRootOptions,
): Promise<DirectoryLock> {
  const end = clock.now() + waitForWorkersMs
  for (;;) {
    try {
      return await takeLock(directory, { what: 'The session directory of a worker' })
    } catch (error) {
      if (!isSessionError(error, 'locked') || clock.now() >= end) throw error
      await new Promise<void>((next) => void clock.setTimeout(next, workerPollMs))
    }
  }
}

export interface SharedRootOptions extends Pick<SessionRootOptions, 'path' | 'clock' | 'random' | 'threads'> {
  /** From 1. */
  readonly worker: number
  readonly holds: FolderHolds
}

/**
 * Opens a directory that a parent process has opened (`openSessionRoot`), as one of several workers that share it: the
 * folders are the same, whoever runs the tenant; `holds` keeps the workers out of each other's. Each has a lock and an
 * owner id of its own. The first one's id is that of the directory: it is the host that a single process would be.
 * @throws SessionError `locked` that worker runs already · `denied` · `diskFull` · `unavailable`
 */
export async function openSharedRoot(options: SharedRootOptions): Promise<SessionRoot> {
  const disk = systemDisk
  const paths = new SessionPaths(resolve(options.path))
  const own = paths.workerOf(options.worker)
  onDisk('create the directory of a worker', () => disk.makeDirectory(own))
  const lock = await lockDirectory(own, { what: 'The session directory of a worker' })
  try {
    const ownerId = await ownerIdOf(disk, ownerFileOf(paths, options.worker), options.random)
    return new SessionRoot({ ...options, disk, paths, lock, ownerId, threads: threadsOf(paths, options) })
  } catch (error) {
    await lock.release()
    throw diskError(error, 'prepare the directory of a worker')
  }
}

/** Owner ids of workers above `workers`, which this directory had before. The parent has proven that they have ended. */
export function formerOwnersOf(path: string, workers: number, disk: Disk = systemDisk): string[] {
  const paths = new SessionPaths(resolve(path))
  return disk
    .list(paths.workers)
    .filter((name) => Number(name) > workers)
    .map((name) => readOwnerId(disk, join(paths.workers, name, 'owner.json')))
    .filter((owner) => owner !== null)
}

function ownerFileOf(paths: SessionPaths, worker: number): string {
  return worker === 1 ? paths.owner : join(paths.workerOf(worker), 'owner.json')
}
