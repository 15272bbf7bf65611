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

  constructor(disk: Disk, path: string) {
    this.disk = disk
    this.path = path
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
      this.disk.rename(temporary, join(this.path, name))
      return facts
    } catch (error) {
      this.disk.unlink(temporary)
      throw error
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
