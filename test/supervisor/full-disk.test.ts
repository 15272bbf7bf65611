import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryRegistry, memoryStore, systemClock } from '../../src/index.js'
import { startSupervisor, temporaryDirectory, unpackSession } from './support.js'

const fast = { backoffBaseMs: 20, backoffMaxMs: 100 }

/** A disk of its own of `size`, or null where this user may not mount one. */
async function smallDisk(size: string): Promise<string | null> {
  const path = `${await temporaryDirectory()}/disk`
  mkdirSync(path)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => void execFileSync('umount', ['-l', path]))
  return path
}

describe('a disk that is too small for the session', () => {
  it('says so, loses nothing and asks for no code; with more room the session comes back', async (context) => {
    const disk = await smallDisk('1m')
    if (disk === null) return context.skip('this user may not mount a tmpfs')
    const store = memoryStore()
    const registry = memoryRegistry({ clock: systemClock })
    const sessionPath = await temporaryDirectory()
    await unpackSession(sessionPath, 'tenant')
    const first = await startSupervisor({ store, registry, sessionPath })
    const session = await first.supervisor.start('tenant')
    await session.waitFor('connected')
    await session.backupNow()
    await first.supervisor.shutdown()

    const { supervisor, link, facts } = await startSupervisor({
      store,
      registry,
      sessionPath: disk,
      settings: fast,
    })
    const again = await supervisor.start('tenant')
    await expect.poll(() => again.lastError, { timeout: 20_000 }).toBe('diskFull')
    const failed = facts.find((fact) => fact.type === 'restore.failed')
    expect(failed).toMatchObject({ error: { message: expect.stringMatching(/space|room|full/) } })
    expect(link.requests).toHaveLength(0)

    execFileSync('mount', ['-o', 'remount,size=32m', disk])
    await again.waitFor('connected', { timeoutMs: 20_000 })
    expect(link.requests[0]!.hasSession).toBe(true)
    await supervisor.shutdown()
  })
})
