import { writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'

const isKeyFile = (path) => path.endsWith('.json') && !path.includes('.supervisor')

/**
 * Places between two calls to the disk at which a kill is to strike. `before` and `after` look at a rename's two paths;
 * what they accept counts, and after `skip` of them the process stops there for good.
 */
const points = {
  /** Pair-success is on this disk; WhatsApp has no answer yet, and nothing is in the store. */
  credsStored: { after: (_, to) => basename(to) === 'creds.json' && isKeyFile(to) },
  /** Of the files of the first pre-keys, some are there and the others only in the journal. */
  preKeyFiles: { before: (_, to) => basename(to).startsWith('pre-key-') },
  /** A batch is in the journal, and not in all of its files. */
  midBatch: { before: (from, to) => basename(from) === '.tmp-file' && isKeyFile(to) },
  /** The journal is being replayed: one file of the last batch was completed, or is about to be. */
  redoBefore: { before: (from) => basename(from) === '.tmp-redo' },
  redoAfter: { after: (from) => basename(from) === '.tmp-redo' },
  /** The restored session is built and verified beside the old one. */
  restoreReady: { after: (_, to) => basename(to) === 'ready' },
  /** The old one is moved aside: the tenant has no folder. */
  restoreAside: { after: (_, to) => basename(dirname(dirname(to))) === 'quarantine' },
  /** The restored one is in place; what it was built in is still there. */
  restorePlaced: { after: (from) => basename(from) === 'ready' },
}

/**
 * Lets the process stop at a point, on its real disk: everything before it has happened, nothing after it. What waits
 * there is then killed.
 */
export class Breakpoints {
  #say
  #point = null
  #skip = 0
  #torn = false

  /** @param disk the one that the session folders use  @param say told `{ type: 'at', point }` */
  constructor(disk, say) {
    this.#say = say
    const { rename, append } = disk
    disk.rename = (from, to) => {
      this.#pass('before', from, to)
      rename(from, to)
      this.#pass('after', from, to)
    }
    disk.append = (path, bytes, offset) => {
      if (this.#torn) {
        append(path, bytes.subarray(0, Math.floor(bytes.length / 2)), offset)
        this.#stop('tornJournal')
      }
      return append(path, bytes, offset)
    }
  }

  /** @param point one of the above, or `tornJournal`: half of a record is written */
  arm({ point, skip = 0 }) {
    this.#torn = point === 'tornJournal'
    this.#point = point
    this.#skip = skip
  }

  #pass(side, from, to) {
    const accepts = points[this.#point]?.[side]
    if (!accepts?.(from, to) || this.#skip-- > 0) return
    this.#stop(this.#point)
  }

  #stop(point) {
    this.#say({ type: 'at', point })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
}

/** Writes to descriptor 3 synchronously, so that nothing said is lost by a kill. */
export function say(event) {
  const bytes = Buffer.from(`${JSON.stringify(event)}\n`)
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(3, bytes, done)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}
