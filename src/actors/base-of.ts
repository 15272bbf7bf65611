import type { Head } from '../ports/index.js'
import type { Base } from '../session/base.js'

/** The note in a local copy: it continues `head` under lease epoch `epoch`. */
export function baseOf(epoch: number, head: Head | null): Base {
  return { epoch, head: head && { seq: head.seq, digest: head.digest, tree: head.tree } }
}
