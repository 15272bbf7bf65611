import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/ports/index.js'
import { formerOwnersOf, openSessionRoot, openSharedRoot, type SessionRoot } from '../../src/session/index.js'
import { HoldsByMessage } from '../../src/workers/holds-by-message.js'
import { checkWorkers, settingsOfWorker } from '../../src/workers/worker-options.js'

const place = { clock: systemClock, random: Math.random }

async function directory(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bss-shared-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Every hold is given at once. */
const freely = { take: async () => {}, giveBack: () => {} }

async function opened(root: Promise<SessionRoot>): Promise<SessionRoot> {
  const found = await root
  onTestFinished(() => found.close())
  return found
}

describe('a session directory that workers share', () => {
  it('makes the first worker the host that a single process was, and the others new ones that stay', async () => {
    const folder = await directory()
    const parent = await opened(openSessionRoot({ ...place, path: folder }))
    const ids: string[] = []
    for (const worker of [1, 2, 3, 2]) {
      const root = await openSharedRoot({ ...place, path: folder, worker, holds: freely })
      ids.push(root.ownerId)
      expect(root.path).toBe(parent.path)
      await root.close()
    }
    expect(ids[0]).toBe(parent.ownerId)
    expect(new Set(ids).size).toBe(3)
    expect(ids[3]).toBe(ids[1])
    expect(formerOwnersOf(folder, 2)).toEqual([ids[2]])
    expect(formerOwnersOf(folder, 1)).toEqual([ids[1], ids[2]])
  })

  it('is refused to whoever comes while a worker of a killed parent lives on, and waited for if told so', async () => {
    const folder = await directory()
    const parent = await openSessionRoot({ ...place, path: folder })
    const worker = await opened(openSharedRoot({ ...place, path: folder, worker: 2, holds: freely }))
    await parent.close()
    await expect(openSessionRoot({ ...place, path: folder })).rejects.toMatchObject({ code: 'locked' })
    const waiting = opened(openSessionRoot({ ...place, path: folder, waitForWorkersMs: 10_000 }))
    await worker.close()
    expect((await waiting).ownerId).toBe(parent.ownerId)
  })

  it('is touched by a worker only with the hold on the tenant, which it keeps until it leaves it', async () => {
    const folder = await directory()
    await opened(openSessionRoot({ ...place, path: folder }))
    const said: string[] = []
    const holds = new HoldsByMessage((type, tenantId) => void said.push(`${type} ${tenantId}`))
    const root = await opened(openSharedRoot({ ...place, path: folder, worker: 1, holds }))
    const looking = root.inspect('shop')
    expect(said).toEqual(['take shop'])
    holds.answered('shop', true)
    expect(await looking).toBeNull()
    await root.inspect('shop')
    root.leave('shop')
    expect(said).toEqual(['take shop', 'giveBack shop'])
    const refused = root.inspect('shop')
    holds.answered('shop', false)
    await expect(refused).rejects.toMatchObject({ code: 'leased' })
    const late = root.inspect('desk')
    holds.close()
    await expect(late).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('what is said of a host', () => {
  it('is divided among its workers', () => {
    const parts = [1, 2, 3].map((worker) =>
      settingsOfWorker({ capacity: 10, uploadsPerSecond: 30, quietPeriodMs: 5 }, { worker, workers: 3 }),
    )
    expect(parts.map(({ capacity }) => capacity)).toEqual([4, 3, 3])
    expect(parts.map(({ uploadsPerSecond }) => uploadsPerSecond)).toEqual([10, 10, 10])
    expect(parts[0]).toHaveProperty('quietPeriodMs', 5)
    const unlimited = { capacity: Number.POSITIVE_INFINITY }
    expect(settingsOfWorker(unlimited, { worker: 2, workers: 2 })).toEqual(unlimited)
    expect(settingsOfWorker({}, { worker: 1, workers: 2 })).toEqual({})
  })

  it('is a whole number of workers', () => {
    for (const wrong of [0, -1, 1.5, 257, '2', undefined]) {
      expect(() => checkWorkers(wrong)).toThrow(/expected a whole number from 1 to 256/)
    }
    expect(checkWorkers(256)).toBe(256)
  })
})
