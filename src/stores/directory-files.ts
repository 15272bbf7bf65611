import { randomBytes } from 'node:crypto'
import type * as fsPromises from 'node:fs/promises'
import path from 'node:path'
import { errnoOf } from './directory-errors.js'

/** The part of node:fs/promises that is used, so that a test can make a single call fail. */
export type DirectoryFs = Pick<
  typeof fsPromises,
  'access' | 'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rmdir' | 'unlink'
>

/** Makes names created or removed in a directory durable. */
export async function syncDirectory(fs: DirectoryFs, directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A new file in `directory`, complete and on disk; it is gone again when that fails. */
export async function writeTemporary(fs: DirectoryFs, directory: string, body: Uint8Array): Promise<string> {
  const file = path.join(directory, `${process.pid}-${randomBytes(12).toString('hex')}`)
  const handle = await fs.open(file, 'wx', 0o600)
  try {
    try {
      await handle.writeFile(body)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    await discard(fs, file)
    throw error
  }
  return file
}

/** Removes a temporary file if it can; one that stays is invisible to listings and swept later. */
export async function discard(fs: DirectoryFs, file: string): Promise<void> {
  await fs.unlink(file).catch(() => {})
}

/** Result of a file system call, or null when the thing it is about is not there. */
export async function orAbsent<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null
    throw error
  }
}
