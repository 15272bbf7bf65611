import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import {
  baseOf,
  openRoot,
  openSmall,
  readFolder,
  smallSession,
  sorted,
  temporaryDirectory,
} from './support/session-fixture.js'

async function small() {
  const path = temporaryDirectory()
  const files = await openSmall(await openRoot(path))
  const flawed = vi.fn()
  files.listen({ flawed })
  return { path, folder: join(path, 't'), files, flawed }
}

/** What the next process would find, after this one was killed. */
async function afterKill(path: string) {
  rmSync(join(path, '.supervisor'), { recursive: true, force: true })
  return (await (await openRoot(path)).inspect('t'))!
}

const change = new Map([['session-3.json', '{"a":1}']])

// Found by deleting them below a running server: nothing was written any more until somebody restarted it.
describe('an open folder that another program takes away', () => {
  it.each([
    ['the folder', (folder: string) => rmSync(folder, { recursive: true })],
    ['the whole directory', (folder: string) => rmSync(join(folder, '..'), { recursive: true })],
  ])('(%s) is made again by the next write, which is as safe as any', async (_, takeAway) => {
    const { path, folder, files, flawed } = await small()
    takeAway(folder)
    expect(await files.write(change)).toBe(1)
    expect(flawed).toHaveBeenCalled()
    expect(readFolder(folder)).toEqual(change)
    const found = await afterKill(path)
    expect(found.journal).toBe('intact')
    expect(found.unsaved).toEqual(change)
    expect(found.base).toMatchObject(baseOf(smallSession))
  })

  it('gets back what the backup has, and what it has not from memory', async () => {
    const { folder, files } = await small()
    await files.write(change)
    rmSync(folder, { recursive: true })
    const { missing, changed } = await files.audit({ full: false })
    expect(missing).toEqual([...smallSession.keys()].sort())
    expect(changed).toBe(0)
    expect(await files.heal(smallSession)).toEqual([])
    expect(readFolder(folder)).toEqual(sorted([...smallSession, ...change]))
    expect(files.capture().changes).toEqual(change)
  })

  it('stays away where none can be made: the write is refused, nothing is changed in memory', async () => {
    const { path, files } = await small()
    rmSync(path, { recursive: true })
    writeFileSync(path, 'a file in its place')
    const before = files.capture()
    await expect(files.write(change)).rejects.toMatchObject({ code: 'unavailable' })
    expect(files.capture()).toEqual(before)
    rmSync(path)
  })
})

describe('a journal that another program', () => {
  it.each([
    ['deletes', (journal: string) => rmSync(journal)],
    ['empties', (journal: string) => truncateSync(journal)],
    ['cuts', (journal: string) => truncateSync(journal, 10)],
  ])('%s is made again, with what is not committed', async (_, damage) => {
    const { path, folder, files } = await small()
    await files.write(change)
    damage(join(folder, '.journal'))
    const more = new Map([['session-4.json', '{"b":2}']])
    expect(await files.write(more)).toBe(2)
    const found = await afterKill(path)
    expect(found.journal).toBe('intact')
    expect(sorted(found.unsaved as Map<string, string>)).toEqual(sorted([...change, ...more]))
  })

  it('deletes is made again by an audit, when nothing is written', async () => {
    const { folder, files } = await small()
    const before = readFileSync(join(folder, '.journal'))
    rmSync(join(folder, '.journal'))
    await files.audit({ full: false })
    expect(readFileSync(join(folder, '.journal'))).toEqual(before)
  })

  it('appends to loses only what was appended', async () => {
    const { path, folder, files } = await small()
    appendFileSync(join(folder, '.journal'), 'something else')
    await files.write(change)
    expect((await afterKill(path)).unsaved).toEqual(change)
  })
})

describe('a file in whose place there is a directory', () => {
  it('is put right, the directory moved aside with what is in it', async () => {
    const { path, folder, files } = await small()
    rmSync(join(folder, 'creds.json'))
    mkdirSync(join(folder, 'creds.json'))
    writeFileSync(join(folder, 'creds.json', 'inside'), 'x')
    expect((await files.audit({ full: false })).damaged).toEqual(['creds.json'])
    expect(await files.heal(smallSession)).toEqual([])
    expect(readFolder(folder)).toEqual(sorted(smallSession))
    const [aside] = readdirSync(join(path, '.supervisor/quarantine/t'))
    expect(readdirSync(join(path, '.supervisor/quarantine/t', aside!, 'creds.json'))).toEqual(['inside'])
  })
})

it('a file that is gone when it is read is told of at once, not at the next audit', async () => {
  const { folder, files, flawed } = await small()
  rmSync(join(folder, 'session-2_1.0.json'))
  truncateSync(join(folder, 'pre-key-1.json'))
  expect(await files.read('session-2_1.0.json')).toBeNull()
  await expect(files.read('pre-key-1.json')).rejects.toMatchObject({ code: 'corrupt' })
  expect(await files.read('session-2_1.0.json')).toBeNull()
  expect(flawed).toHaveBeenCalledTimes(2)
})
