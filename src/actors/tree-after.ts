import type { Capture } from '../session/capture.js'

/** What a delta's encoder asks of the whole set, from a capture alone: no copy of an index of thousands of names. */
export function treeAfter(capture: Capture) {
  return {
    size: capture.fileCount,
    digest: () => capture.tree,
    get: (name: string) => capture.hashes.get(name) ?? undefined,
    names: () => capture.hashes.keys(),
  }
}
