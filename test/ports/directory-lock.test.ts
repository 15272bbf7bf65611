import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DirectoryLock, lockDirectory, lockText } from '../../src/ports/directory-lock.js'
import { ownIdentity } from '../../src/ports/process-identity.js'
import { type Child, startChild } from '../support/child.js'

const what = 'The test directory'
let root: string
let path: string
const children: Child[] = []
const locks: DirectoryLock[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'directory-lock-'))
  path = join(root, 'sessions')
})

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill('SIGKILL')))
  await Promise.all(locks.splice(0).map((lock) => lock.release()))
  await rm(root, { recursive: true, force: true })
})

async function lock(options: { heartbeatMs?: number; silenceMs?: number } = {}): Promise<DirectoryLock> {
  const held = await lockDirectory(path, { what, ...options })
  locks.push(held)
  return held
}

async function child(): Promise<Child> {
  const started = startChild('ports/lock-child.ts', [path])
  children.push(started)
  expect(await started.next()).toBe('ready')
  return started
}

async function tryLock(process: Child): Promise<unknown> {
  process.send('lock')
  return process.next()
}

/** Leaves a lock behind as a holder with this identity would, who then never touches it again. */
async function leaveLock(identity: object): Promise<string> {
  await (await lock()).release()
  const file = join(path, '.lock', '0000000002')
  await writeFile(file, lockText({ ...ownIdentity(), ...identity }))
  return file
}

describe('lockDirectory', () => {
  it('creates the directory', async () => {
    await lock()
    expect(await readdir(path)).toEqual(['.lock'])
  })

  it('refuses a second lock of the same process', async () => {
    await lock()
    await expect(lock()).rejects.toMatchObject({ code: 'locked' })
  })

  it('refuses a second process, naming the first and what to do', async () => {
    const first = await child()
    expect(await tryLock(first)).toBe('held')
    const refused = await lock().catch((error) => error)
    expect(refused).toMatchObject({ code: 'locked' })
    expect(refused.message).toContain(`${what} at ${path} is in use by process ${first.pid}`)
    expect(refused.message).toContain('Stop that process')
  })

  it('is free again after release, which may be called twice', async () => {
    const first = await lock()
    await first.release()
    await first.release()
    await lock()
    expect(await tryLock(await child())).toBe('locked')
  })

  it('is free at once after its holder was killed', async () => {
    const first = await child()
    expect(await tryLock(first)).toBe('held')
    await first.kill('SIGKILL')
    await lock()
  })

  it('keeps a holder that is stopped, not dead', async () => {
    const first = await child()
    expect(await tryLock(first)).toBe('held')
    process.kill(first.pid, 'SIGSTOP')
    await expect(lock({ silenceMs: 1 })).rejects.toMatchObject({ code: 'locked' })
  })

  it('lets exactly one of many racers in, on a fresh directory', async () => {
    await expectOneWinner()
  })

  it('lets exactly one of many racers break a stale lock', async () => {
    const first = await child()
    expect(await tryLock(first)).toBe('held')
    await first.kill('SIGKILL')
    await expectOneWinner()
  })

  it('lets exactly one of many racers in, round after round of broken locks', async () => {
    for (let round = 0; round < 40; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 12 }, () => lock()))
      const won = tries.filter((attempt) => attempt.status === 'fulfilled')
      expect(won).toHaveLength(1)
      const lost = tries.filter((attempt) => attempt.status === 'rejected')
      expect(lost.map((attempt) => attempt.reason.code)).toEqual(Array(11).fill('locked'))
      await Promise.all(locks.splice(0).map((held) => held.release()))
    }
    expect((await readdir(join(path, '.lock'))).length).toBeLessThanOrEqual(9)
  })

  it('does not believe in a reused pid', async () => {
    await leaveLock({ startTicks: '1' })
    await lock({ silenceMs: 60_000 })
  })

  it('breaks the lock of another container only after silence', async () => {
    await leaveLock({ pidSpace: 'another container' })
    await lock({ silenceMs: 200 })
  })

  it('respects the heartbeat of another container, though its pid means nothing here', async () => {
    await lock({ heartbeatMs: 20 })
    const file = join(path, '.lock', '0000000001')
    await writeFile(file, lockText({ ...ownIdentity(), pidSpace: 'another container' }))
    await expect(lock({ silenceMs: 20_000 })).rejects.toThrow(/of another container or host/)
  })

  it('breaks a lock that was never written, after silence', async () => {
    const file = await leaveLock({})
    await writeFile(file, '')
    await lock({ silenceMs: 100 })
  })

  it('says that the path is not a directory', async () => {
    await writeFile(path, '')
    await expect(lock()).rejects.toMatchObject({ code: 'invalid' })
  })

  it.runIf(existsSync('/proc/self/stat'))('says that there can be no directory', async () => {
    const locking = lockDirectory('/proc/x/registry', { what: 'The directory' })
    const message = expect.stringMatching(/makes no directories; choose a directory on a disk/)
    await expect(locking).rejects.toMatchObject({ code: 'invalid', message })
  })

  it('survives the directory being wiped while it is held', async () => {
    const held = await lock()
    await rm(path, { recursive: true })
    await held.release()
    await lock()
  })
})

async function expectOneWinner(): Promise<void> {
  const racers = await Promise.all(Array.from({ length: 6 }, child))
  for (const racer of racers) racer.send('lock')
  const answers = await Promise.all(racers.map((racer) => racer.next()))
  expect(answers.toSorted()).toEqual(['held', ...Array(5).fill('locked')])
}
