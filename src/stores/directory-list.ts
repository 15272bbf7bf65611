import type { Dirent } from 'node:fs'
import path from 'node:path'
import type { ObjectInfo } from '../ports/index.js'
import { type DirectoryFs, orAbsent } from './directory-files.js'
import { isSafeSegment, isTenantFolder } from './object-key.js'

/** Stats under way at once; one promise a file costs more than the call itself. */
const statBatch = 64

/** Every object below a folder of the store; nothing when it is not there. Names that no key can have are not ours. */
export async function listFolder(
  fs: DirectoryFs,
  root: string,
  segments: readonly string[],
): Promise<ObjectInfo[]> {
  const keys: string[] = []
  await collectKeys(fs, root, segments.join('/'), keys)
  const found: ObjectInfo[] = []
  for (let from = 0; from < keys.length; from += statBatch) {
    const infos = await Promise.all(keys.slice(from, from + statBatch).map((key) => describe(fs, root, key)))
    for (const info of infos) if (info !== null) found.push(info)
  }
  return found
}

/** Folders of the root that are tenants and hold at least one object. */
export async function listTenantFolders(fs: DirectoryFs, root: string): Promise<string[]> {
  const tenants: string[] = []
  for (const entry of await entriesOf(fs, root)) {
    if (!entry.isDirectory() || !isTenantFolder(entry.name)) continue
    if (await holdsObject(fs, path.join(root, entry.name))) tenants.push(entry.name)
  }
  return tenants
}

async function collectKeys(fs: DirectoryFs, root: string, folder: string, keys: string[]): Promise<void> {
  for (const entry of await entriesOf(fs, path.join(root, folder))) {
    if (!isSafeSegment(entry.name)) continue
    const key = `${folder}/${entry.name}`
    if (entry.isFile()) keys.push(key)
    else if (entry.isDirectory()) await collectKeys(fs, root, key, keys)
  }
}

async function holdsObject(fs: DirectoryFs, directory: string): Promise<boolean> {
  for (const entry of await entriesOf(fs, directory)) {
    if (!isSafeSegment(entry.name)) continue
    if (entry.isFile()) return true
    if (entry.isDirectory() && (await holdsObject(fs, path.join(directory, entry.name)))) return true
  }
  return false
}

async function entriesOf(fs: DirectoryFs, directory: string): Promise<Dirent[]> {
  return (await orAbsent(fs.readdir(directory, { withFileTypes: true }))) ?? []
}

/** Null when it was removed since it was listed. */
async function describe(fs: DirectoryFs, root: string, key: string): Promise<ObjectInfo | null> {
  const stat = await orAbsent(fs.lstat(path.join(root, key)))
  return stat === null ? null : { key, bytes: stat.size, createdAt: Math.floor(stat.mtimeMs) }
}
