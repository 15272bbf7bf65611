import { join } from 'node:path'

const prefix = '.tmp-'

/** A path in `folder` for a file that is being written; its name can be mistaken neither for a key file nor the journal. */
export function temporaryPath(folder: string, what: string): string {
  return join(folder, `${prefix}${what}`)
}

export function isTemporaryName(name: string): boolean {
  return name.startsWith(prefix)
}
