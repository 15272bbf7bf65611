import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import path from 'node:path'
import { SessionError } from '../errors.js'
import type { Clock } from '../ports/index.js'
import { makeDirectory, noPlaceFor } from '../ports/make-directory.js'
import { directoryError, errnoOf } from './directory-errors.js'
import { type DirectoryFs, discard, orAbsent, syncDirectory, writeTemporary } from './directory-files.js'

/** `+` is outside the alphabet of tenant ids, so these can never be a tenant's folder; and `cp -r store/*` takes them. */
export const markerName = '+store.json'
const temporaryName = '+tmp'

/** Temporary files of writers that crashed; a write under way is never this old. */
const leftoverAgeMs = 3_600_000

/**
 * The store's root directory and the marker in it.
 *
 * A volume that is not mounted leaves an empty directory in its place, which must not be taken for a store without
 * sessions. The marker tells them apart: it is written when the store is made and looked for around every call; once
 * this process has seen it, its absence or another id in it means that the volume is gone.
 */
export class StoreRoot {
  readonly path: string
  readonly temporary: string
  readonly #fs: DirectoryFs
  readonly #create: boolean
  #seenId: string | null = null

  constructor(root: string, create: boolean, fs: DirectoryFs) {
    this.path = path.resolve(root)
    this.temporary = path.join(this.path, temporaryName)
    this.#create = create
    this.#fs = fs
  }

  /**
   * Makes sure that the store is there, making it when it never was and that is allowed.
   * @throws SessionError `missing` · `unavailable` it was there before · `invalid` none can be there · `denied` · `diskFull`
   */
  async enter(): Promise<void> {
    const id = (await this.#readMarker()) ?? (await this.#makeStore())
    if (this.#seenId !== null && this.#seenId !== id) throw this.#vanished('another store is in its place.')
    if (this.#seenId !== null) return
    // A copy made by a tool that leaves out empty directories lacks it; a read-only store does without.
    await this.#makeDirectory(this.temporary).catch(() => {})
    this.#seenId = id
  }

  /** Proves that new objects can be written here, without using up space. @throws SessionError `denied` */
  async checkWritable(): Promise<void> {
    try {
      for (const directory of [this.path, this.temporary]) {
        await this.#fs.access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
      }
    } catch (error) {
      throw directoryError('find its directory writable', error)
    }
  }

  /** Removes what writers that crashed have left. What cannot be removed stays for the next time. */
  async sweep(clock: Clock): Promise<void> {
    const names = (await orAbsent(this.#fs.readdir(this.temporary)).catch(() => null)) ?? []
    for (const name of names) {
      const file = path.join(this.temporary, name)
      const stat = await this.#fs.lstat(file).catch(() => null)
      if (stat !== null && clock.now() - stat.mtimeMs > leftoverAgeMs) await discard(this.#fs, file)
    }
  }

  async #readMarker(): Promise<string | null> {
    let text: string | null
    try {
      text = await orAbsent(this.#fs.readFile(path.join(this.path, markerName), 'utf8'))
    } catch (error) {
      throw directoryError('read its marker file', error)
    }
    if (text === null) return null
    const id = markerId(text)
    if (id !== null) return id
    throw new SessionError(
      'unavailable',
      `The marker file ${markerName} in ${this.path} is damaged or of a newer version; nothing was touched.`,
    )
  }

  async #makeStore(): Promise<string> {
    if (this.#seenId !== null) throw this.#vanished('its marker file is gone; is the volume mounted?')
    if (!this.#create) {
      throw new SessionError(
        'missing',
        `There is no object store in ${this.path} (no ${markerName}), and it may not be created. Is the volume mounted?`,
      )
    }
    try {
      await this.#makeRoot()
      if (await this.#holdsOtherThings()) return await this.#adoptOrRefuse()
      await this.#makeDirectory(this.temporary)
      return await this.#placeMarker()
    } catch (error) {
      throw error instanceof SessionError ? error : directoryError('create its directory', error)
    }
  }

  async #makeRoot(): Promise<void> {
    const firstMade = await this.#makePath()
    if (firstMade === null) return
    // Every new name on the way down is to survive a power cut.
    for (let made = this.path; made.startsWith(firstMade); made = path.dirname(made)) {
      await syncDirectory(this.#fs, path.dirname(made))
    }
  }

  /** @returns the uppermost directory that was made, or null */
  async #makePath(): Promise<string | null> {
    try {
      return await makeDirectory(this.path, { mode: 0o700, mkdir: this.#fs.mkdir })
    } catch (error) {
      const problem = noPlaceFor(error)
      if (problem === null) throw error
      throw new SessionError(
        'invalid',
        `The object store cannot be at ${this.path}: ${problem}. Choose a directory on a disk (DATA_PATH has it in "objects"); nothing was touched.`,
        { cause: error },
      )
    }
  }

  async #holdsOtherThings(): Promise<boolean> {
    const names = await this.#fs.readdir(this.path)
    return names.some((name) => !name.startsWith('+') && !name.startsWith('.') && name !== 'lost+found')
  }

  /** Another process may have made the store, and put objects in it, since the marker was looked for. */
  async #adoptOrRefuse(): Promise<string> {
    const id = await this.#readMarker()
    if (id !== null) return id
    throw new SessionError(
      'missing',
      `${this.path} is not an object store: it is not empty and has no ${markerName}. Give an empty or new directory; if it is a copy of a store, copy ${markerName} too.`,
    )
  }

  async #placeMarker(): Promise<string> {
    const id = randomBytes(16).toString('hex')
    const body = Buffer.from(`${JSON.stringify({ format: 1, kind: 'session-objects', id })}\n`)
    const temporary = await writeTemporary(this.#fs, this.temporary, body)
    try {
      await this.#fs.link(temporary, path.join(this.path, markerName))
      await syncDirectory(this.#fs, this.path)
      return id
    } catch (error) {
      const winner = errnoOf(error) === 'EEXIST' ? await this.#readMarker() : null
      if (winner !== null) return winner
      throw error
    } finally {
      await discard(this.#fs, temporary)
    }
  }

  async #makeDirectory(directory: string): Promise<void> {
    try {
      await this.#fs.mkdir(directory, { mode: 0o700 })
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
  }

  #vanished(how: string): SessionError {
    return new SessionError(
      'unavailable',
      `The object store in ${this.path} is not there any more: ${how} Nothing was concluded from that.`,
    )
  }
}

function markerId(text: string): string | null {
  try {
    const marker = JSON.parse(text) as { format?: unknown; id?: unknown } | null
    return marker?.format === 1 && typeof marker.id === 'string' ? marker.id : null
  } catch {
    return null
  }
}
