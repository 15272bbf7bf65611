import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemDisk } from '../../src/session/disk.js'
import { openSessionRoot } from '../../src/session/index.js'
import { DyingDisk } from './support/faulty-disk.js'
import {
  baseOf,
  creds,
  openRoot,
  openSmall,
  readFolder,
  smallSession,
  sorted,
  temporaryDirectory,
  testClock,
} from './support/session-fixture.js'

const restored = new Map([
  ['creds.json', creds({ me: { id: '1@s.whatsapp.net' }, account: {}, restored: true })],
  ['session-2_1.0.json', '{"version":"restored"}'],
  ['session-8.json', '{}'],
])

/** A root whose tenant has `smallSession` with one unsaved change (or nothing), on a disk that dies at change `at`. */
async function dieDuringReplace(withOld: boolean, at: number, tear: boolean) {
  const path = temporaryDirectory()
  const dying = new DyingDisk()
  const options = { path, clock: testClock, random: Math.random }
  const root = await openSessionRoot({ ...options, disk: dying.disk })
  if (withOld) {
    const files = await openSmall(root)
    await files.write(new Map([['session-5.json', '{}']]))
    await files.close()
  }
  dying.dieAt(at, tear)
  const done = await root.replace('t', restored, baseOf(restored, 9), { reason: 'remote-is-ahead' }).then(
    () => true,
    (error) => {
      if (!dying.dead) throw error
      return false
    },
  )
  await root.close()
  return { path, done, changes: dying.changes }
}

describe.each([
  ['over an old copy', true],
  ['on an empty place', false],
])('a restore %s that dies', (_, withOld) => {
  it.each([
    false,
    true,
  ])('at any step leaves the old or the new, whole, and loses nothing (torn: %s)', async (tear) => {
    const old = sorted(new Map(smallSession).set('session-5.json', '{}'))
    let seenOld = 0
    let seenNew = 0
    for (let at = 1; ; at++) {
      const { path, done } = await dieDuringReplace(withOld, at, tear)
      const root = await openRoot(path)
      const copy = await root.inspect('t')
      const files = copy && sorted(copy.files)
      const isNew = copy?.files.has('session-8.json') === true
      if (isNew) {
        seenNew++
        expect(files).toEqual(sorted(restored))
        expect(copy).toMatchObject({ base: baseOf(restored, 9), damaged: [], journal: 'intact' })
        const asides = join(path, '.supervisor/quarantine/t')
        const aside = existsSync(asides)
          ? readdirSync(asides).map((name) => readFolder(join(asides, name)))
          : []
        // The first restore moved nothing aside.
        expect(aside).toEqual(withOld ? [old] : [])
      } else {
        seenOld++
        expect(files).toEqual(withOld ? old : null)
        if (withOld) expect(copy!.unsaved).toEqual(new Map([['session-5.json', '{}']]))
      }
      expect(readdirSync(join(path, '.supervisor/incoming'))).toEqual([])
      // It can be done again, from whatever was left.
      await root.replace('t', restored, baseOf(restored, 9), { reason: 'remote-is-ahead' })
      expect(readFolder(join(path, 't'))).toEqual(sorted(restored))
      await root.close()
      if (done) break
    }
    expect(seenOld).toBeGreaterThan(3)
    expect(seenNew).toBeGreaterThan(1)
  })
})

it.each([
  ['keeps less of a file', (bytes: Uint8Array) => ({ of: 'session-8', kept: bytes.subarray(1) })],
  ['keeps other creds', (bytes: Uint8Array) => ({ of: 'creds', kept: bytes.toReversed() })],
])('a restore to a disk that %s leaves the old copy where it is', async (_, lie) => {
  const path = temporaryDirectory()
  let lying = false
  const disk = {
    ...systemDisk,
    create: (file: string, bytes: Uint8Array) => {
      const { of, kept } = lie(bytes)
      return systemDisk.create(file, lying && file.includes(of) ? kept : bytes)
    },
  }
  const root = await openRoot(path, disk)
  await (await openSmall(root)).close()
  lying = true
  const call = root.replace('t', restored, baseOf(restored, 9), { reason: 'remote-is-ahead' })
  await expect(call).rejects.toMatchObject({ code: 'corrupt' })
  expect(readFolder(join(path, 't'))).toEqual(sorted(smallSession))
})

it('a restore refuses hostile names and damaged contents before it writes', async () => {
  const path = temporaryDirectory()
  const root = await openRoot(path)
  for (const [name, content] of [
    ['../../evil.json', '{}'],
    ['.journal', '{}'],
    ['session-1.json', '{"torn'],
    ['creds.json', ''],
  ] as const) {
    const files = new Map([...smallSession, [name, content]])
    await expect(root.replace('t', files, baseOf([]), { reason: 'test' })).rejects.toMatchObject({
      code: 'invalid',
    })
  }
  expect(readdirSync(path)).toEqual(['.supervisor'])
  expect(await root.inspect('t')).toBeNull()
})

it('a deletion that dies at any step is finished at the next start, or not begun', async () => {
  for (let at = 1; ; at++) {
    const path = temporaryDirectory()
    const dying = new DyingDisk()
    const root = await openSessionRoot({ path, clock: testClock, random: Math.random, disk: dying.disk })
    await (await openSmall(root)).close()
    mkdirSync(join(path, '.supervisor/quarantine/t/old'), { recursive: true })
    dying.dieAt(at)
    const done = await root.remove('t').then(
      () => true,
      () => false,
    )
    await root.close()
    const next = await openRoot(path)
    const copy = await next.inspect('t')
    if (copy) expect(sorted(copy.files)).toEqual(sorted(smallSession))
    expect(readdirSync(join(path, '.supervisor/removing'))).toEqual([])
    await next.remove('t')
    expect(readdirSync(path)).toEqual(['.supervisor'])
    await next.close()
    if (done) break
    expect(at).toBeLessThan(50)
  }
})
