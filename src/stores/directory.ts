import * as fsPromises from 'node:fs/promises'
import path from 'node:path'
import { SessionError } from '../errors.js'
import type { Clock, ObjectInfo, ObjectStore } from '../ports/index.js'
import { systemClock } from '../ports/index.js'
import { directoryError, errnoOf, unsure } from './directory-errors.js'
import { type DirectoryFs, discard, orAbsent, syncDirectory, writeTemporary } from './directory-files.js'
import { listFolder, listTenantFolders } from './directory-list.js'
import { StoreRoot } from './directory-root.js'
import { byKey, checkBody, checkObjectKey, checkPrefix } from './object-key.js'
import { OpenGate } from './open-gate.js'

export interface DirectoryStoreOptions {
  /** Root directory. On a file system with hard links, all of it on one volume. */
  readonly path: string
  /**
   * Whether a store may be made where none is. Default true. Set it to false once a store exists on a volume that
   * could fail to mount: an empty mount point is then `missing` and not a new, empty store.
   */
  readonly create?: boolean
  /** Tells how old crash leftovers are. Default: the system's. */
  readonly clock?: Clock
  /** In place of node:fs/promises. */
  readonly fs?: DirectoryFs
}

/** Tries of a put whose folder is removed, empty, by a concurrent remove between two of its steps. */
const folderTries = 10

/**
 * Objects as files `{root}/{tenantId}/…`, directories 0700 and files 0600, made at the first use. An object appears
 * complete and synced under its name, or not at all, across kill -9 and power cuts, with any number of processes.
 */
export function directoryStore(options: DirectoryStoreOptions): ObjectStore {
  return new DirectoryStore(options)
}

class DirectoryStore implements ObjectStore {
  readonly name = 'directory'
  readonly #fs: DirectoryFs
  readonly #clock: Clock
  readonly #root: StoreRoot
  readonly #gate = new OpenGate()
  /** Folders whose own name is known to be on disk, so that only the first put into one pays for that. */
  readonly #durableFolders = new Set<string>()

  constructor(options: DirectoryStoreOptions) {
    this.#fs = options.fs ?? fsPromises
    this.#clock = options.clock ?? systemClock
    this.#root = new StoreRoot(options.path, options.create ?? true, this.#fs)
  }

  check(): Promise<void> {
    return this.#run('check its directory', noInput, async () => {
      await this.#root.checkWritable()
      await this.#root.sweep(this.#clock)
    })
  }

  put(key: string, body: Uint8Array): Promise<void> {
    return this.#gate.pass(async () => {
      const segments = checkObjectKey(key)
      checkBody(body)
      await this.#root.enter()
      await this.#place(segments, body)
    })
  }

  get(key: string): Promise<Uint8Array> {
    return this.#run(
      'read the object',
      () => this.#fileOf(checkObjectKey(key)),
      async (file) => {
        const body = await orAbsent(this.#fs.readFile(file)).catch((error: unknown) => {
          if (errnoOf(error) === 'EISDIR') return null
          throw error
        })
        if (body !== null) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
        await this.#root.enter()
        throw new SessionError('missing', 'There is no object of this name in the directory store.')
      },
    )
  }

  list(prefix: string): Promise<ObjectInfo[]> {
    return this.#run(
      'list its directory',
      () => checkPrefix(prefix),
      async (segments) => {
        const found = await listFolder(this.#fs, this.#root.path, segments)
        await this.#root.enter()
        return found.sort(byKey)
      },
    )
  }

  listTenants(): Promise<string[]> {
    return this.#run('list its directory', noInput, async () => {
      const found = await listTenantFolders(this.#fs, this.#root.path)
      await this.#root.enter()
      return found.sort()
    })
  }

  remove(keys: readonly string[]): Promise<void> {
    const check = () => keys.map((key) => this.#fileOf(checkObjectKey(key)))
    return this.#run('delete objects', check, async (files) => {
      const folders = new Set<string>()
      for (const file of files) {
        if (await this.#unlink(file)) folders.add(path.dirname(file))
      }
      for (const folder of folders) await this.#tidy(folder)
      await this.#root.enter()
    })
  }

  close(): Promise<void> {
    return this.#gate.close()
  }

  /**
   * Input is checked before anything is touched; the root is looked at before the work and, by those that report
   * absence, after it: see {@link StoreRoot}.
   */
  #run<Input, T>(action: string, check: () => Input, work: (input: Input) => Promise<T>): Promise<T> {
    return this.#gate.pass(async () => {
      const input = check()
      try {
        await this.#root.enter()
        return await work(input)
      } catch (error) {
        throw error instanceof SessionError ? error : directoryError(action, error)
      }
    })
  }

  #fileOf(segments: readonly string[]): string {
    return path.join(this.#root.path, ...segments)
  }

  async #place(segments: readonly string[], body: Uint8Array): Promise<void> {
    const action = 'store the object'
    const file = this.#fileOf(segments)
    const temporary = await writeTemporary(this.#fs, this.#root.temporary, body).catch((error: unknown) => {
      throw directoryError(action, error)
    })
    try {
      await this.#linkInto(segments.slice(0, -1), temporary, file).catch((error: unknown) => {
        throw linkError(action, error)
      })
      await syncDirectory(this.#fs, path.dirname(file)).catch((error: unknown) => {
        throw unsure(action, error)
      })
    } finally {
      await discard(this.#fs, temporary)
    }
  }

  /** link() and not rename(): it fails when the name is taken, in one step, whoever else is writing. */
  async #linkInto(folders: readonly string[], temporary: string, file: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#makeFolders(folders)
        await this.#fs.link(temporary, file)
        return
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' || tries === folderTries) throw error
        this.#forgetFolders(folders)
      }
    }
  }

  async #makeFolders(folders: readonly string[]): Promise<void> {
    let folder = this.#root.path
    for (const segment of folders) {
      const parent = folder
      folder = path.join(parent, segment)
      if (this.#durableFolders.has(folder)) continue
      await this.#fs.mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error
      })
      await syncDirectory(this.#fs, parent)
      this.#durableFolders.add(folder)
    }
  }

  #forgetFolders(folders: readonly string[]): void {
    for (let depth = 1; depth <= folders.length; depth++) {
      this.#durableFolders.delete(path.join(this.#root.path, ...folders.slice(0, depth)))
    }
  }

  async #unlink(file: string): Promise<boolean> {
    try {
      await this.#fs.unlink(file)
      return true
    } catch (error) {
      const errno = errnoOf(error)
      // A folder is no object (unlink says EISDIR on Linux, EPERM elsewhere), so there is nothing of that name.
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'EISDIR') return false
      throw error
    }
  }

  /** Makes the removals durable, and takes away folders that are left empty, up to the tenant's own. */
  async #tidy(folder: string): Promise<void> {
    await orAbsent(syncDirectory(this.#fs, folder))
    for (let empty = folder; empty !== this.#root.path; empty = path.dirname(empty)) {
      this.#durableFolders.delete(empty)
      try {
        await this.#fs.rmdir(empty)
      } catch {
        return
      }
    }
  }
}

function noInput(): void {}

function linkError(action: string, error: unknown): Error {
  const errno = errnoOf(error)
  if (errno === 'EEXIST') {
    return new SessionError('exists', 'An object of this name exists; it was left as it is.', {
      cause: error,
    })
  }
  if (errno === 'ENOTDIR') {
    return new SessionError('invalid', 'A folder of this name is needed, but an object has the name.', {
      cause: error,
    })
  }
  return directoryError(action, error)
}
