import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { faultyDisk } from './support/faulty-disk.js'
import {
  openRoot,
  openSmall,
  readFolder,
  smallSession,
  temporaryDirectory,
  treeOf,
} from './support/session-fixture.js'

/** A disk of 256 KiB, or null where this user may not mount one. */
function smallDisk(): string | null {
  const path = temporaryDirectory()
  const mounted = join(path, 'disk')
  mkdirSync(mounted)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mounted], { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => void execFileSync('umount', ['-l', mounted]))
  return mounted
}

const batch = (n: number) =>
  new Map([
    ['session-7.json', JSON.stringify({ n, filler: 'x'.repeat(3_000) })],
    ['session-8.json', JSON.stringify({ n })],
  ])

describe('a disk that is full', () => {
  it('refuses whole batches, keeps the accepted ones, and goes on when there is space (real file system)', async (context) => {
    const path = smallDisk()
    if (path === null)
      return context.skip('this user may not mount a tmpfs; the injected failures below remain')
    const root = await openRoot(path)
    const files = await openSmall(root)
    let accepted = 0
    const ballast = ['a', 'b'].map((name) => join(path, `ballast-${name}`))
    for (const file of ballast) writeFileSync(file, Buffer.alloc(60_000))
    const fill = async () => {
      for (let n = accepted + 1; n < 500; n++) {
        try {
          await files.write(new Map([...batch(n), [`session-9-${n}.json`, JSON.stringify('y'.repeat(900))]]))
        } catch (error) {
          return error
        }
        accepted = n
      }
      return null
    }
    expect(await fill()).toMatchObject({ code: 'diskFull' })
    expect(accepted).toBeGreaterThan(3)
    expect(await files.read('session-8.json')).toBe(batch(accepted).get('session-8.json'))
    const first = accepted
    rmSync(ballast[0]!)
    expect(await fill()).toMatchObject({ code: 'diskFull' })
    expect(accepted).toBeGreaterThan(first)
    const { tree } = files.capture()
    await files.close()
    // A batch that was accepted but not applied needs space to be completed.
    rmSync(ballast[1]!)
    const copy = (await root.inspect('t'))!
    expect(copy.damaged).toEqual([])
    expect(copy.hashes.digest()).toBe(tree)
    expect(copy.files.get('session-8.json')).toBe(batch(accepted).get('session-8.json'))
  })

  it('while journaling changes nothing, in memory, journal or files', async () => {
    const path = temporaryDirectory()
    let full: 'work' | 'tear' | 'fail' = 'work'
    const root = await openRoot(
      path,
      faultyDisk((call) => (call === 'append' ? full : 'work'), 'ENOSPC'),
    )
    const files = await openSmall(root)
    await files.write(batch(1))
    const before = files.capture()
    for (full of ['fail', 'tear'] as const) {
      await expect(files.write(batch(2))).rejects.toMatchObject({ code: 'diskFull' })
      expect(files.capture()).toEqual(before)
    }
    full = 'work'
    await files.write(batch(3))
    await files.close()
    const copy = (await root.inspect('t'))!
    expect(copy.journal).toBe('intact')
    expect(copy.unsaved).toEqual(batch(3))
  })

  it('while applying keeps the batch for readers and captures, and refuses the next', async () => {
    const path = temporaryDirectory()
    let full = false
    const root = await openRoot(
      path,
      faultyDisk((call) => (full && call === 'create' ? 'tear' : 'work'), 'ENOSPC'),
    )
    const files = await openSmall(root)
    full = true
    expect(await files.write(batch(1))).toBe(1)
    expect(files.unappliedCount).toBe(2)
    for (const [name, content] of batch(1)) expect(await files.read(name)).toBe(content)
    expect(files.capture().changes).toEqual(batch(1))
    await expect(files.write(batch(2))).rejects.toMatchObject({ code: 'diskFull' })
    await expect(files.audit({ full: false })).rejects.toMatchObject({ code: 'diskFull' })
    // Committed remotely, but not yet on disk: the journal must still hold it.
    const whole = new Map([...smallSession, ...batch(1)])
    await files.saved(files.capture(), {
      epoch: 1,
      head: { seq: 2, digest: 'd', tree: treeOf(whole).digest() },
    })
    expect(await files.read('session-8.json')).toBe(batch(1).get('session-8.json'))
    full = false
    expect(await files.write(batch(3))).toBe(2)
    expect(files.unappliedCount).toBe(0)
    expect(readFolder(join(path, 't')).get('session-8.json')).toBe(batch(3).get('session-8.json'))
  })

  it('while noting a commit loses nothing', async () => {
    const path = temporaryDirectory()
    let full = false
    const root = await openRoot(
      path,
      faultyDisk((call) => (full && call !== 'look' ? 'fail' : 'work'), 'ENOSPC'),
    )
    const files = await openSmall(root)
    await files.write(batch(1))
    full = true
    const whole = new Map([...smallSession, ...batch(1)])
    await files.saved(files.capture(), {
      epoch: 1,
      head: { seq: 2, digest: 'd', tree: treeOf(whole).digest() },
    })
    expect(files.unsavedCount).toBe(0)
    full = false
    await files.close()
    const copy = (await root.inspect('t'))!
    expect(copy.base!.head!.seq).toBe(1)
    expect(copy.unsaved).toEqual(batch(1))
    expect(copy.committed!.digest()).toBe(treeOf(smallSession).digest())
  })
})
