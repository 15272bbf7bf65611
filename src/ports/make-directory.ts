import { mkdirSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

type Mkdir = (path: string, options: { mode?: number }) => Promise<unknown>

/**
 * Makes a directory and the parents that it lacks, one by one; one that exists is fine. Asked for all at once
 * (`recursive`), Node turns in circles for ever where a file system makes none, as below /proc.
 * @param options.mode of every directory that is made
 * @returns the uppermost directory that was made; null when all were there
 * @throws Node's errors; `ENOTSUP` the file system makes no directory there
 */
export async function makeDirectory(
  path: string,
  options: { readonly mode?: number; readonly mkdir?: Mkdir } = {},
): Promise<string | null> {
  const { mode } = options
  const make: Mkdir = options.mkdir ?? mkdir
  const missing = await firstAttempt(path, () => make(path, { mode }))
  if (typeof missing === 'boolean') return missing ? path : null
  const above = await makeDirectory(missing.parent, options)
  const made = await secondAttempt(path, () => make(path, { mode }))
  return above ?? (made ? path : null)
}

/** The same without waiting. */
export function makeDirectorySync(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    const missing = afterFirst(path, error)
    if (missing === false) return
    makeDirectorySync(missing.parent, mode)
    try {
      mkdirSync(path, { mode })
    } catch (again) {
      afterSecond(path, again)
    }
  }
}

type Missing = { readonly parent: string }

async function firstAttempt(path: string, make: () => Promise<unknown>): Promise<true | false | Missing> {
  try {
    await make()
    return true
  } catch (error) {
    return afterFirst(path, error)
  }
}

async function secondAttempt(path: string, make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make()
    return true
  } catch (error) {
    return afterSecond(path, error)
  }
}

/** False: it is there. @throws what else is wrong */
function afterFirst(path: string, error: unknown): false | Missing {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT') {
    if (isDirectory(path)) return false
    throw error
  }
  const parent = dirname(path)
  if (parent === path) throw error
  return { parent }
}

/** Its parent is there now, so that nothing can be missing. False: somebody else was faster. */
function afterSecond(path: string, error: unknown): false {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    const message = `ENOTSUP: the file system makes no directory there, mkdir '${path}'`
    throw Object.assign(new Error(message), { code: 'ENOTSUP', syscall: 'mkdir' })
  }
  if (isDirectory(path)) return false
  throw error
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Why no directory can ever be made at a path, whoever tries again; null for what may pass or be given rights to. */
export function noPlaceFor(error: unknown): string | null {
  const { code = '' } = error as NodeJS.ErrnoException
  const problems: Readonly<Record<string, string>> = {
    ENOTSUP: 'the file system there makes no directories',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'it is a file',
    ELOOP: 'its symbolic links lead in circles',
    ENAMETOOLONG: 'the path is too long',
    EINVAL: 'the file system there takes no such name',
  }
  return problems[code] ?? null
}
