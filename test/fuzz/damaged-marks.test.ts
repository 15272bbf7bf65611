import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DirectoryLock, lockDirectory } from '../../src/ports/directory-lock.js'
import { openSessionRoot } from '../../src/session/index.js'
import { MemoryDisk } from '../support/memory-disk.js'
import { VirtualClock } from '../support/virtual-clock.js'
import { type Damage, damages } from './support/damages.js'
import { resultOrRefusal, tried } from './support/inputs.js'

describe('the lock file of a process that lives', () => {
  const what = 'The directory'
  let path: string
  let held: DirectoryLock
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'damaged-lock-'))
    held = await lockDirectory(path, { what, heartbeatMs: 10 })
  })
  afterAll(async () => {
    await held.release()
    await rm(path, { recursive: true })
  })

  it('keeps others out after any flip of a bit and any truncation: it is never taken for a dead one', async () => {
    const file = join(path, '.lock/0000000001')
    const whole = await readFile(file)
    const broken: string[] = []
    const tryOne = async ({ what: damage, body }: Damage) => {
      // The holder writes nothing but the time of its heartbeat, so each damage needs a directory of its own.
      const copy = await mkdtemp(join(tmpdir(), 'damaged-lock-'))
      const other = await lockDirectory(copy, { what, heartbeatMs: 10 })
      await writeFile(join(copy, '.lock/0000000001'), body)
      tried()
      const second = await resultOrRefusal(() => lockDirectory(copy, { what, silenceMs: 5_000 }))
      if (second instanceof Error) expect(second.code).toBe('locked')
      else {
        broken.push(damage)
        await second.release()
      }
      await other.release()
      await rm(copy, { recursive: true })
    }
    const all = [...damages(whole, 1)]
    const lanes = Array.from({ length: 64 }, async () => {
      for (let next = all.pop(); next !== undefined; next = all.pop()) await tryOne(next)
    })
    await Promise.all(lanes)
    expect(broken).toEqual([])
  })
})

describe('the owner file', () => {
  const unlocked = async () => ({ release: async () => {} })

  it('after any flip of a bit or truncation names this owner or a new one, and is whole again', async () => {
    const clock = new VirtualClock()
    const open = async (disk: MemoryDisk) => {
      const options = { path: '/sessions', clock, random: Math.random, disk: disk.handle(), lock: unlocked }
      const root = await openSessionRoot(options)
      await root.close()
      return root.ownerId
    }
    const disk = new MemoryDisk(() => clock.now())
    const owner = await open(disk)
    const file = '/sessions/.supervisor/owner.json'
    const whole = disk.files().get(file)!
    let others = 0
    for (const { body } of damages(whole, 1)) {
      tried()
      disk.handle().create(file, body)
      const next = await open(disk)
      expect(next).toMatch(/^[0-9a-f]{32}$/)
      if (next !== owner) others++
      // Whoever it is now, it stays that: the leases of the one before end by themselves.
      expect(await open(disk)).toBe(next)
    }
    expect(others).toBeGreaterThan(0)
  })
})
