import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fsPromises from 'node:fs/promises'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directoryStore } from '../../src/stores/index.js'
import { body, textOf } from '../conformance/object-store.suite.js'

type Fs = NonNullable<Parameters<typeof directoryStore>[0]['fs']>

let scratch: string
let root: string

beforeEach(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'store-faults-'))
  root = path.join(scratch, 'deep', 'objects')
})
afterEach(() => rm(scratch, { recursive: true, force: true }))

const errno = (code: string) => Object.assign(new Error(`${code}: injected`), { code })
const failing = (changes: Partial<Fs>): Fs => ({ ...fsPromises, ...changes }) as Fs
const temporaries = () => readdir(path.join(root, '+tmp'))

/** File handles whose `method` fails, as a full or broken disk does in the middle of a write. */
function brokenHandles(method: 'writeFile' | 'sync', code: string, only: (file: string) => boolean): Fs {
  return failing({
    open: (async (file: string, ...rest: [string, number]) => {
      const handle = await fsPromises.open(file, ...rest)
      if (only(file)) handle[method] = () => Promise.reject(errno(code))
      return handle
    }) as never,
  })
}

describe('the directory', () => {
  it('is made at the first use, for this user alone', async () => {
    const store = directoryStore({ path: root })
    await expect(lstat(root)).rejects.toMatchObject({ code: 'ENOENT' })
    await store.put('tenant/generations/1.json', body('x'))
    for (const folder of ['', '+tmp', 'tenant', 'tenant/generations']) {
      expect((await lstat(path.join(root, folder))).mode & 0o777).toBe(0o700)
    }
    for (const file of ['+store.json', 'tenant/generations/1.json']) {
      expect((await lstat(path.join(root, file))).mode & 0o777).toBe(0o600)
    }
    expect(await temporaries()).toEqual([])
  })

  it('is made once when many processes begin at the same time', async () => {
    const stores = Array.from({ length: 20 }, () => directoryStore({ path: root }))
    await Promise.all(stores.map((store, at) => store.put(`tenant/${at}.json`, body('x'))))
    for (const store of stores) await expect(store.list('tenant/')).resolves.toHaveLength(20)
  })

  it('is not made where that is not allowed: an unmounted volume is not an empty store', async () => {
    const store = directoryStore({ path: root, create: false })
    const attempts = [
      () => store.check(),
      () => store.put('tenant/a.json', body('x')),
      () => store.get('tenant/a.json'),
      () => store.list('tenant/'),
      () => store.listTenants(),
      () => store.remove(['tenant/a.json']),
    ]
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'missing' })
    await mkdir(root, { recursive: true })
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'missing' })
    expect(await readdir(root)).toEqual([])
  })

  it.each([
    'removed',
    'an empty mount point',
    'another store',
  ])('that was seen before is `unavailable` when it is %s, until it is back', async (what) => {
    const store = directoryStore({ path: root })
    await store.put('tenant/a.json', body('x'))
    await rename(root, path.join(scratch, 'aside'))
    if (what === 'an empty mount point') await mkdir(root)
    if (what === 'another store') await directoryStore({ path: root }).check()
    const before = await readdir(root, { recursive: true }).catch(() => 'gone')
    for (const attempt of [
      () => store.check(),
      () => store.put('tenant/b.json', body('x')),
      () => store.get('tenant/a.json'),
      () => store.list('tenant/'),
      () => store.listTenants(),
      () => store.remove(['tenant/a.json']),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'unavailable' })
    }
    expect(await readdir(root, { recursive: true }).catch(() => 'gone')).toEqual(before)
    await rm(root, { recursive: true, force: true })
    await rename(path.join(scratch, 'aside'), root)
    expect(textOf(await store.get('tenant/a.json'))).toBe('x')
  })

  it.each([
    'get',
    'list',
    'listTenants',
    'remove',
  ] as const)('that vanishes during a call is noticed: %s', async (verb) => {
    let vanish = async () => {}
    const hook = <T extends (...args: never[]) => Promise<unknown>>(real: T) =>
      (async (...args: Parameters<T>) => {
        if (!String(args[0]).includes('+')) await vanish()
        return real(...args)
      }) as unknown as T
    const fs = failing({
      readFile: hook(fsPromises.readFile as never) as never,
      readdir: hook(fsPromises.readdir as never) as never,
      unlink: hook(fsPromises.unlink),
    })
    const store = directoryStore({ path: root, fs })
    await store.put('tenant/a.json', body('x'))
    vanish = async () => {
      vanish = async () => {}
      await rename(root, path.join(scratch, 'aside'))
      await mkdir(root)
    }
    const attempts = {
      get: () => store.get('tenant/a.json'),
      list: () => store.list('tenant/'),
      listTenants: () => store.listTenants(),
      remove: () => store.remove(['tenant/a.json']),
    }
    await expect(attempts[verb]()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('that holds other things is not taken for a store', async () => {
    await mkdir(path.join(root, 'photos'), { recursive: true })
    const store = directoryStore({ path: root })
    await expect(store.listTenants()).rejects.toMatchObject({
      code: 'missing',
      message: /not an object store/,
    })
    expect(await readdir(root)).toEqual(['photos'])
  })

  it('may be the root of a new volume', async () => {
    await mkdir(path.join(root, 'lost+found'), { recursive: true })
    await directoryStore({ path: root }).put('tenant/a.json', body('x'))
    await expect(directoryStore({ path: root }).listTenants()).resolves.toEqual(['tenant'])
  })

  it('with a damaged marker is `unavailable`, not empty', async () => {
    await directoryStore({ path: root }).check()
    await writeFile(path.join(root, '+store.json'), '')
    await expect(directoryStore({ path: root }).list('tenant/')).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('that is a file is `missing` or refused, and stays a file', async () => {
    await mkdir(path.dirname(root), { recursive: true })
    await writeFile(root, 'a file')
    await expect(directoryStore({ path: root }).check()).rejects.toMatchObject({ name: 'SessionError' })
    expect(await readFile(root, 'utf8')).toBe('a file')
  })

  it('can be copied with the tools people use', async () => {
    await directoryStore({ path: root }).put('tenant/a.json', body('x'))
    const copy = path.join(scratch, 'copy')
    execFileSync('sh', ['-c', `mkdir '${copy}' && cp -r '${root}'/tenant '${root}'/+store.json '${copy}'`])
    const store = directoryStore({ path: copy })
    expect(textOf(await store.get('tenant/a.json'))).toBe('x')
    await store.put('tenant/b.json', body('y'))
  })
})

it('puts into a folder that a concurrent remove takes away between two steps', async () => {
  let left = 2
  const link: Fs['link'] = async (existing, file) => {
    if (String(file).includes('tenant') && left-- > 0)
      await rm(path.join(root, 'tenant'), { recursive: true })
    return fsPromises.link(existing, file)
  }
  const store = directoryStore({ path: root, fs: failing({ link }) })
  await store.put('tenant/generations/1.json', body('x'))
  expect(textOf(await store.get('tenant/generations/1.json'))).toBe('x')
  expect(await temporaries()).toEqual([])
})

describe('a disk that fails', () => {
  const isTemporary = (file: string) => file.includes('+tmp')

  it.each([
    ['ENOSPC', 'diskFull'],
    ['EDQUOT', 'diskFull'],
    ['EROFS', 'denied'],
    ['EIO', 'unavailable'],
  ])('with %s in a write gives `%s` and leaves nothing behind', async (code, expected) => {
    await directoryStore({ path: root }).put('tenant/kept.json', body('kept'))
    for (const method of ['writeFile', 'sync'] as const) {
      const store = directoryStore({ path: root, fs: brokenHandles(method, code, isTemporary) })
      await expect(store.put('tenant/new.json', body('new'))).rejects.toMatchObject({ code: expected })
      expect((await store.list('tenant/')).map((info) => info.key)).toEqual(['tenant/kept.json'])
      expect(await temporaries()).toEqual([])
    }
  })

  it.each(['ENOSPC', 'EACCES'])('with %s when a folder is made stores nothing', async (code) => {
    await directoryStore({ path: root }).check()
    const fs = failing({
      mkdir: (async (folder: string) =>
        Promise.reject(errno(folder.includes('+') ? 'EEXIST' : code))) as never,
    })
    const expected = code === 'ENOSPC' ? 'diskFull' : 'denied'
    await expect(directoryStore({ path: root, fs }).put('new/a.json', body('x'))).rejects.toMatchObject({
      code: expected,
    })
    expect(await temporaries()).toEqual([])
    await expect(directoryStore({ path: root }).listTenants()).resolves.toEqual([])
  })

  it('after the name is in place leaves it open whether the object is durable', async () => {
    const store = directoryStore({ path: root })
    await store.put('tenant/a.json', body('a'))
    const fs = brokenHandles('sync', 'ENOSPC', (file) => file === path.join(root, 'tenant'))
    const doubtful = directoryStore({ path: root, fs }).put('tenant/b.json', body('b'))
    await expect(doubtful).rejects.toMatchObject({ code: 'unavailable' })
    expect(textOf(await store.get('tenant/b.json'))).toBe('b')
  })

  it('with links that are not possible says so before anything is stored', async () => {
    const fs = failing({ link: async () => Promise.reject(errno('ENOTSUP')) })
    await expect(directoryStore({ path: root, fs }).check()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it.each(['EACCES', 'EIO'])('with %s on reading is never an absence', async (code) => {
    await directoryStore({ path: root }).put('tenant/a.json', body('a'))
    const broken = () => Promise.reject(errno(code))
    const isObject = (file: unknown) => !String(file).includes('+')
    const fs = failing({
      readFile: ((file: string, ...rest: never[]) =>
        isObject(file) ? broken() : fsPromises.readFile(file, ...rest)) as never,
      readdir: broken as never,
    })
    const store = directoryStore({ path: root, fs })
    const expected = { code: code === 'EIO' ? 'unavailable' : 'denied' }
    await expect(store.get('tenant/a.json')).rejects.toMatchObject(expected)
    await expect(store.list('tenant/')).rejects.toMatchObject(expected)
    await expect(store.listTenants()).rejects.toMatchObject(expected)
  })

  it('with a marker that cannot be read is `denied`', async () => {
    const fs = failing({ readFile: (() => Promise.reject(errno('EACCES'))) as never })
    await expect(directoryStore({ path: root, fs }).list('tenant/')).rejects.toMatchObject({ code: 'denied' })
  })

  it('that is read-only still gives what it holds', async () => {
    await directoryStore({ path: root }).put('tenant/a.json', body('a'))
    const refuse = () => Promise.reject(errno('EROFS'))
    const fs = failing({ access: refuse, mkdir: refuse as never, unlink: refuse, rmdir: refuse })
    const store = directoryStore({ path: root, fs })
    await expect(store.check()).rejects.toMatchObject({ code: 'denied' })
    expect(textOf(await store.get('tenant/a.json'))).toBe('a')
    await expect(store.listTenants()).resolves.toEqual(['tenant'])
    await expect(store.remove(['tenant/a.json'])).rejects.toMatchObject({ code: 'denied' })
  })

  it.skipIf(process.getuid?.() === 0)('that this user may not write to is `denied` (really)', async () => {
    await directoryStore({ path: root }).check()
    await chmod(path.join(root, '+tmp'), 0o500)
    await expect(directoryStore({ path: root }).check()).rejects.toMatchObject({ code: 'denied' })
  })
})

describe('what a crash leaves behind', () => {
  it('is not listed, does not hinder, and is removed by check once it is old', async () => {
    const store = directoryStore({ path: root })
    await store.put('tenant/a.json', body('a'))
    const [old, young] = ['99999-old', '99999-young'].map((name) => path.join(root, '+tmp', name)) as [
      string,
      string,
    ]
    await writeFile(old, '{"half":')
    await writeFile(young, '{"half":')
    const hoursAgo = Date.now() / 1000 - 7_200
    await utimes(old, hoursAgo, hoursAgo)
    await expect(store.listTenants()).resolves.toEqual(['tenant'])
    await expect(store.list('tenant/')).resolves.toHaveLength(1)
    await store.check()
    expect(await temporaries()).toEqual(['99999-young'])
  })

  it('does not include things that are not ours', async () => {
    const store = directoryStore({ path: root })
    await store.put('tenant/a.json', body('a'))
    await writeFile(path.join(root, 'tenant', '.DS_Store'), 'x')
    await writeFile(path.join(root, 'README'), 'x')
    await mkdir(path.join(root, 'no-objects', 'at-all'), { recursive: true })
    await expect(store.listTenants()).resolves.toEqual(['tenant'])
    expect((await store.list('tenant/')).map((info) => info.key)).toEqual(['tenant/a.json'])
  })
})

const runner = fileURLToPath(new URL('../support/run-typescript.mjs', import.meta.url))
const putForever = fileURLToPath(new URL('./put-forever.ts', import.meta.url))

it('shows only whole objects, all acknowledged ones among them, after SIGKILL in the middle of puts', {
  timeout: 90_000,
}, async () => {
  for (let round = 0; round < 5; round++) {
    const tenant = `tenant-${round}`
    const child = spawn(process.execPath, [runner, putForever, root, tenant], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const acknowledged: string[] = []
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      acknowledged.push(line)
      if (acknowledged.length === 10 + round * 7) child.kill('SIGKILL')
    })
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
    const store = directoryStore({ path: root })
    const listed = await store.list(`${tenant}/`)
    expect(listed.map((info) => info.key)).toEqual(expect.arrayContaining(acknowledged))
    expect(acknowledged.length).toBeGreaterThanOrEqual(10)
    for (const { key, bytes } of listed) {
      expect(bytes).toBe(200_002)
      expect(textOf(await store.get(key))).toBe('z'.repeat(200_000))
    }
  }
})

it('takes what fits on a disk that is really full, refuses the rest with `diskFull`, and goes on when there is space', async ({
  onTestFinished,
  skip,
}) => {
  const mounted = mountTiny()
  if (mounted === null) {
    console.warn('NOT RUN: the directory store on a full disk; mounting a tmpfs needs root.')
    return skip('mounting a tmpfs needs root')
  }
  onTestFinished(() => {
    execFileSync('umount', [mounted])
    execFileSync('rmdir', [mounted])
  })
  const store = directoryStore({ path: path.join(mounted, 'objects') })
  const content = body('q'.repeat(60_000))
  const stored: string[] = []
  let refused: unknown
  for (let at = 0; at < 100 && refused === undefined; at++) {
    const key = `tenant/${String(at).padStart(3, '0')}.json`
    await store.put(key, content).then(
      () => stored.push(key),
      (error) => {
        refused = error
      },
    )
  }
  expect(refused).toMatchObject({ name: 'SessionError', code: 'diskFull' })
  expect(stored.length).toBeGreaterThan(3)
  expect((await store.list('tenant/')).map((info) => info.key)).toEqual(stored)
  for (const key of stored) expect(Buffer.compare(await store.get(key), content)).toBe(0)
  await store.remove([stored[0] as string])
  await store.put('tenant/after.json', content)
})

/** A 1 MB file system, or null where mounting is not allowed. */
function mountTiny(): string | null {
  const at = path.join(tmpdir(), `store-tmpfs-${process.pid}`)
  try {
    execFileSync('mkdir', [at])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at], { stdio: 'ignore' })
    return at
  } catch {
    execFileSync('rmdir', [at])
    return null
  }
}
