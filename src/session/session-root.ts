import { basename, join } from 'node:path'
import { SessionError } from '../errors.js'
import type { Clock, Random } from '../ports/clock.js'
import type { DirectoryLock } from '../ports/directory-lock.js'
import type { FolderHolds } from '../ports/folder-holds.js'
import type { ObjectSource } from '../ports/object-store.js'
import { checkTenantId } from '../ports/tenant-id.js'
import type { FileTree } from '../replication/file-tree.js'
import type { NewestRestored } from '../replication/walk-back.js'
import type { Base } from './base.js'
import type { Disk } from './disk.js'
import { diskError, onDisk } from './disk-error.js'
import { FolderFiles } from './folder-files.js'
import { type FolderState, shortestJournal } from './folder-state.js'
import { type BuiltHead, buildHead, type HeadRequest } from './head-build.js'
import { Journal } from './journal.js'
import { KeyFolder } from './key-folder.js'
import { copyOf, type LocalCopy, readLocalCopy } from './local-copy.js'
import { type OpenOptions, stateOnOpen } from './open-folder.js'
import { type Built, buildIncoming, dropIncoming, putInPlace, settleIncoming } from './replacement.js'
import type { RestoreThreads } from './restore-threads.js'
import { checkReason, isTenantId, newQuarantinePath, type SessionPaths } from './session-paths.js'

export interface SessionRootParts {
  readonly disk: Disk
  readonly paths: SessionPaths
  readonly clock: Clock
  readonly random: Random
  readonly lock: DirectoryLock
  readonly ownerId: string
  /** Null: this process alone uses the directory. */
  readonly holds: FolderHolds | null
  /** Null: everything is done by this thread. */
  readonly threads: RestoreThreads | null
}

export interface RestoreOptions {
  readonly store: ObjectSource
  /** What `restoreNewest` gave, when somebody asked it already. */
  readonly loaded?: NewestRestored
  /** Asked last before anything of the tenant's is touched. @throws to stop */
  readonly checkLive: () => void
}

/** A head that is a tenant's session now, and what `inspect` would find. */
export interface RestoredHead extends BuiltHead {
  readonly copy: LocalCopy | null
}

/**
 * The sessions on this disk: `{root}/{tenantId}/` holds the files of Baileys' `useMultiFileAuthState` and a journal.
 * Calls for one tenant must not overlap (its machine sees to that); an open folder is closed before it is moved.
 */
export class SessionRoot {
  readonly path: string
  /** Lives as long as the directory; owner of this process' leases. */
  readonly ownerId: string
  readonly #parts: SessionRootParts
  readonly #open = new Map<string, KeyFolder>()
  readonly #inspected = new Map<string, LocalCopy | null>()
  #closed: Promise<void> | undefined

  constructor(parts: SessionRootParts) {
    this.#parts = parts
    this.path = parts.paths.root
    this.ownerId = parts.ownerId
  }

  /** Key files of a tenant on the disk, whether its folder is open or not. @throws SessionError `invalid` · `denied` */
  countFiles(tenantId: string): number {
    const { disk, paths } = this.#parts
    const folder = paths.folder(tenantId)
    const names = onDisk('list the session', () => disk.list(folder))
    return names.filter((name) => name.endsWith('.json')).length
  }

  /** Tenants that have a folder, sorted. @throws SessionError `unavailable` · `denied` */
  async list(): Promise<string[]> {
    const { disk, paths } = this.#parts
    return onDisk('list the session directory', () =>
      disk
        .list(paths.root)
        .filter((name) => isTenantId(name) && disk.look(join(paths.root, name))?.kind === 'directory'),
    )
  }

  /**
   * What a tenant's folder holds, each file read once. Completes the last batch after a crash. Null when there is no
   * folder or no key file in it. A damaged creds.json is reported, never taken for no session.
   * @throws SessionError `invalid` · `denied` · `unavailable` · `diskFull`
   */
  async inspect(tenantId: string): Promise<LocalCopy | null> {
    return this.#alone(tenantId, 'look at a session', async ({ disk, paths }) => {
      await settleIncoming(disk, paths, tenantId)
      const copy = await readLocalCopy(disk, paths.folder(tenantId))
      this.#inspected.set(tenantId, copy)
      return copy
    })
  }

  /** Drops what `inspect` found, all contents of the session among it, for a tenant that will not be opened with it. */
  forget(tenantId: string): void {
    this.#inspected.delete(tenantId)
  }

  /**
   * Opens a tenant's folder for reading and writing, creating it when there is none. From here the copy continues
   * `base`, and says so on disk.
   * @throws SessionError `undecided` the committed file set is not known · `invalid` already open, or not inspected
   * since it changed · `diskFull` · `denied` · `unavailable`
   */
  async open(tenantId: string, options: OpenOptions): Promise<KeyFolder> {
    return this.#alone(tenantId, 'open a session', async ({ clock }, inspected) => {
      if (inspected !== options.copy) {
        throw new SessionError('invalid', 'Inspect the session folder, then open it with what was found.')
      }
      const folder = this.#folderOf(tenantId, stateOnOpen(options, clock.now()))
      this.#open.set(tenantId, folder)
      return folder
    })
  }

  /**
   * Makes `files` the tenant's session: built beside it, verified, and renamed into place; the old folder goes
   * to the quarantine under `reason`. A crash leaves the old one or the new one.
   * @param hashes of all files, when they are known; it must not be changed afterwards
   * @returns what `inspect` would find now
   * @throws SessionError `corrupt` the disk did not keep what was written · `invalid` · `diskFull` · `denied` · `unavailable`
   */
  async replace(
    tenantId: string,
    files: ReadonlyMap<string, string>,
    base: Base,
    { reason, hashes }: { reason: string; hashes?: FileTree },
  ): Promise<LocalCopy | null> {
    return await this.#alone(tenantId, 'restore a session', async ({ disk, paths }) => {
      checkReason(reason)
      const built = await buildIncoming(disk, paths, tenantId, { files, base, hashes })
      return await this.#putInPlace(tenantId, base, built, reason)
    })
  }

  /**
   * Makes a tenant's head its session or, when that is proven unusable, the newest generation before it that verifies:
   * downloaded, verified, built beside the tenant's folder and renamed into place, the old folder to the quarantine as
   * `superseded`. A crash leaves the old one or the new one.
   * @throws SessionError `corrupt` no generation verifies, or the disk did not keep what was written · `diskFull` · `denied` · `unavailable`
   */
  async restoreHead(
    request: HeadRequest,
    { store, loaded, checkLive }: RestoreOptions,
  ): Promise<RestoredHead> {
    const { tenantId } = request
    return await this.#alone(tenantId, 'restore a session', async (parts) => {
      const here = () => buildHead(parts, store, request, loaded)
      const elsewhere = loaded === undefined ? parts.threads : null
      const built = await (elsewhere === null ? here() : elsewhere.build(store, request, here))
      try {
        checkLive()
      } catch (error) {
        dropIncoming(parts.disk, parts.paths, tenantId)
        throw error
      }
      return { ...built, copy: await this.#putInPlace(tenantId, built.base, built, 'superseded') }
    })
  }

  /**
   * Moves the tenant's folder away, deleting nothing. Returns where it is.
   * @throws SessionError `missing` there is none · `invalid` · `denied` · `unavailable`
   */
  async quarantine(tenantId: string, reason: string): Promise<string> {
    return this.#alone(tenantId, 'move a session aside', async ({ disk, paths }) => {
      checkReason(reason)
      if (disk.look(paths.folder(tenantId)) === null) {
        throw new SessionError('missing', 'There is no session folder to move aside.')
      }
      // A finished restore would take the free place at the next look.
      await settleIncoming(disk, paths, tenantId)
      return this.#moveAside(tenantId, reason)
    })
  }

  /**
   * Deletes all that this disk has of a tenant (after a logout): folder, half-done restores and quarantine.
   * @throws SessionError `denied` · `unavailable` something is left; call again
   */
  async remove(tenantId: string): Promise<void> {
    await this.#alone(tenantId, 'delete a session', async ({ disk, paths }) => {
      const places = [paths.incomingOf(tenantId), paths.folder(tenantId), paths.quarantineOf(tenantId)]
      for (const place of places) {
        if (disk.look(place) === null) continue
        // Renamed first: a crash never leaves a part of a session that looks like one.
        const doomed = join(paths.removing, `${basename(place)}-${disk.list(paths.removing).length}`)
        disk.removeTree(doomed)
        disk.rename(place, doomed)
        disk.removeTree(doomed)
      }
      for (const path of [paths.root, paths.incoming, paths.quarantine, paths.removing]) await disk.sync(path)
      if (places.every((place) => disk.look(place) === null)) return
      throw new SessionError(
        'unavailable',
        'A deleted session folder is still there; stop what writes to it.',
      )
    })
  }

  /** Nothing of the tenant's session is under way here any more: other processes of this directory may have its folder. */
  leave(tenantId: string): void {
    if (!this.#open.has(tenantId)) this.#parts.holds?.giveBack(tenantId)
  }

  /** Closes every folder and gives the directory up. Safe to call again. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all([...this.#open.values()].map((folder) => folder.close()))
      await this.#parts.threads?.close()
      await this.#parts.lock.release()
    })()
    return this.#closed
  }

  /** A function of its own: closures that live as long as the folder must not hold what was inspected. */
  #folderOf(tenantId: string, state: FolderState): KeyFolder {
    const { disk, paths, clock } = this.#parts
    const path = paths.folder(tenantId)
    disk.makeDirectory(path)
    const journal = new Journal(disk, path, () => shortestJournal(state))
    journal.rewrite()
    const moveAside = (name: string) => {
      const aside = newQuarantinePath(paths, tenantId, 'damaged-file', this.#parts)
      disk.makeDirectory(aside)
      disk.rename(join(path, name), join(aside, name))
    }
    const files = new FolderFiles(disk, path, moveAside)
    const onClose = () => void this.#open.delete(tenantId)
    return new KeyFolder({ state, files, journal, clock, onClose, moveAside })
  }

  async #putInPlace(tenantId: string, base: Base, built: Built, reason: string): Promise<LocalCopy | null> {
    const { disk, paths } = this.#parts
    if (disk.look(paths.folder(tenantId)) !== null) await this.#moveAside(tenantId, reason)
    await putInPlace(disk, paths, tenantId)
    const copy = copyOf(base, built)
    this.#inspected.set(tenantId, copy)
    return copy
  }

  async #moveAside(tenantId: string, reason: string): Promise<string> {
    const { disk, paths } = this.#parts
    const target = newQuarantinePath(paths, tenantId, reason, this.#parts)
    disk.rename(paths.folder(tenantId), target)
    for (const path of [paths.quarantineOf(tenantId), paths.quarantine, paths.root]) await disk.sync(path)
    return target
  }

  /** Runs `work` on a tenant whose folder is not open. What was found before is void afterwards. */
  async #alone<T>(
    tenantId: string,
    doing: string,
    work: (parts: SessionRootParts, inspected: LocalCopy | null | undefined) => Promise<T>,
  ): Promise<T> {
    checkTenantId(tenantId)
    if (this.#closed) throw new SessionError('closed', 'The session directory is closed.')
    // Alone in the directory, nothing is waited for.
    if (this.#parts.holds !== null) await this.#parts.holds.take(tenantId)
    if (this.#open.has(tenantId)) throw new SessionError('invalid', `Close the session folder to ${doing}.`)
    const inspected = this.#inspected.get(tenantId)
    this.#inspected.delete(tenantId)
    try {
      return await work(this.#parts, inspected)
    } catch (error) {
      throw diskError(error, doing)
    }
  }
}
