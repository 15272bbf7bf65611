import { join } from 'node:path'
import { inSlices } from '../turns.js'
import type { Disk, FileFacts } from './disk.js'
import type { FolderState } from './folder-state.js'
import { type IntactFile, type RawFile, readBytes, readKeyFile } from './key-file.js'
import { temporaryPath } from './temporary.js'

/** The key files of one open folder on disk. Throws Node's errors. */
export class FolderFiles {
  readonly path: string
  readonly disk: Disk
  readonly #moveAside: (name: string) => void

  /** @param moveAside takes what is in a file's place out of the folder, without deleting it */
  constructor(disk: Disk, path: string, moveAside: (name: string) => void) {
    this.disk = disk
    this.path = path
    this.#moveAside = moveAside
  }

  read(name: string): IntactFile | 'damaged' | null {
    return readKeyFile(this.disk, this.path, name)
  }

  readBytes(name: string): RawFile | 'damaged' | null {
    return readBytes(this.disk, this.path, name)
  }

  look(name: string): FileFacts | null {
    return this.disk.look(join(this.path, name))
  }

  /** Whole or not at all, also for a reader at any moment. */
  put(name: string, content: string): FileFacts {
    const temporary = temporaryPath(this.path, 'file')
    try {
      const facts = this.disk.create(temporary, Buffer.from(content))
      this.#putInPlace(temporary, name)
      return facts
    } catch (error) {
      this.disk.unlink(temporary)
      throw error
    }
  }

  #putInPlace(temporary: string, name: string): void {
    try {
      this.disk.rename(temporary, join(this.path, name))
    } catch (error) {
      if (this.look(name)?.kind !== 'directory') throw error
      this.#moveAside(name)
      this.disk.rename(temporary, join(this.path, name))
    }
  }

  delete(name: string): void {
    this.disk.unlink(join(this.path, name))
  }

  /** Brings what the journal holds to the files. After a failure the rest stays in `unapplied`. */
  async apply(state: FolderState): Promise<void> {
    await inSlices([...state.unapplied], ([name, content]) => {
      if (content === null) this.delete(name)
      else state.setFacts(name, this.put(name, content))
      state.unapplied.delete(name)
    })
  }
}
