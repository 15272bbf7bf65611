import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeDirectory, makeDirectorySync, noPlaceFor } from '../../src/ports/make-directory.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bss-make-'))
})
afterEach(() => {
  chmodSync(root, 0o700)
  rmSync(root, { recursive: true })
})

const ways = [
  ['waiting', (path: string) => makeDirectory(path, { mode: 0o700 })],
  ['without waiting', async (path: string) => makeDirectorySync(path, 0o700)],
] as const

describe.each(ways)('a directory is made %s', (_, make) => {
  it('with the parents that it lacks, all of the same mode', async () => {
    const path = join(root, 'a', 'b', 'c')
    await make(path)
    for (const made of [path, join(root, 'a', 'b'), join(root, 'a')])
      expect(lstatSync(made).mode & 0o777).toBe(0o700)
  })

  it('and is fine when it is there, also behind a link', async () => {
    mkdirSync(join(root, 'a'))
    symlinkSync(join(root, 'a'), join(root, 'link'))
    await make(join(root, 'a'))
    await make(join(root, 'link'))
    await make(join(root, 'link', 'b'))
    expect(existsSync(join(root, 'a', 'b'))).toBe(true)
  })

  it('but not in the place of a file, below one, or in a circle of links', async () => {
    writeFileSync(join(root, 'file'), '')
    symlinkSync(join(root, 'circle'), join(root, 'circle'))
    for (const [place, code] of [
      ['file', 'EEXIST'],
      ['file/x', 'ENOTDIR'],
      ['circle/x', 'ELOOP'],
      ['x'.repeat(300), 'ENAMETOOLONG'],
    ] as const) {
      const error = await make(join(root, place)).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject({ code })
      expect(noPlaceFor(error)).not.toBe(null)
    }
  })

  it.runIf(existsSync('/proc/self/stat'))(
    'but not where there are none, and that is said at once',
    async () => {
      for (const place of ['/proc/x', '/proc/x/y/z']) {
        const error = await make(place).then(
          () => null,
          (thrown: unknown) => thrown,
        )
        expect(error).toMatchObject({ code: 'ENOTSUP' })
        expect(noPlaceFor(error)).toMatch(/makes no directories/)
      }
    },
  )
})

describe('what is said of a directory that was made', () => {
  it('is the uppermost one that is new', async () => {
    expect(await makeDirectory(join(root, 'a', 'b', 'c'))).toBe(join(root, 'a'))
    expect(await makeDirectory(join(root, 'a', 'b', 'c'))).toBe(null)
    expect(await makeDirectory(join(root, 'a', 'b', 'd'))).toBe(join(root, 'a', 'b', 'd'))
  })

  it('also when another process makes it between two looks', async () => {
    const racing: typeof mkdir = async (path, options) => {
      const done = await mkdir(path, options as { mode: number })
      if (path === join(root, 'a')) await mkdir(join(root, 'a', 'b'))
      return done as undefined
    }
    expect(await makeDirectory(join(root, 'a', 'b'), { mkdir: racing })).toBe(join(root, 'a'))
  })

  it('a right that is missing may be given, and a full disk be freed: these are no wrong place', () => {
    for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EIO'])
      expect(noPlaceFor(Object.assign(new Error('x'), { code }))).toBe(null)
  })
})
