import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isDefect } from '../../src/errors.js'
import { pgliteRegistry } from '../../src/registry/pglite.js'
import { describeClaims } from '../conformance/claims.suite.js'
import { describeRegistry, newTenant } from '../conformance/registry.suite.js'
import { type Child, startChild } from '../support/child.js'
import { swapOf } from '../support/swaps.js'
import { countStatements } from './postgres.js'

const root = await mkdtemp(join(tmpdir(), 'pglite-registry-'))
const children: Child[] = []
beforeAll(async () => {
  const template = pgliteRegistry({ path: join(root, 'template') })
  await template.open()
  await template.close()
}, 60_000)
afterAll(async () => {
  await Promise.all(children.map((child) => child.kill('SIGKILL')))
  await rm(root, { recursive: true, force: true, maxRetries: 10 })
})

function startRegistry(path: string): Child {
  const child = startChild('registry/pglite-child.ts', [path])
  children.push(child)
  return child
}

/** A directory with a database in it: making one takes seconds, copying one does not. */
async function initialised(name: string): Promise<string> {
  const path = join(root, name)
  await cp(join(root, 'template'), path, { recursive: true })
  return path
}

const create = (name: string) => async () => {
  const registry = pgliteRegistry({ path: await initialised(name) })
  return {
    registry,
    countStatements,
    now: async () => Date.now(),
    expire: async (tenantId: string) => {
      const { owner, epoch } = (await registry.read(tenantId))!.lease!
      await registry.renew(owner, [{ tenantId, epoch }], -1)
    },
    expireHost: async (owner: string) => {
      await registry.checkIn({ owner, capacity: 0, ttlMs: 1, joinedAt: null })
      await setTimeout(20)
    },
    dispose: async () => {},
  }
}

describeRegistry('PGlite', create('conformance'))
describeClaims('PGlite', create('claims'))

describe('an embedded registry', () => {
  it('tells a query that Prisma refuses as a mistake of this program, and repeats nothing of it', async () => {
    const registry = pgliteRegistry({ path: await initialised('mistaken') })
    await registry.open()
    const error = await registry.list({ desiredState: 628120000001 as never }).catch((thrown) => thrown)
    expect(isDefect(error)).toBe(true)
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('628120000001')
    await registry.close()
  })

  it('keeps every acknowledged commit across kill -9, and is free at once', async () => {
    const path = await initialised('killed')
    for (let round = 0; round < 2; round++) {
      const child = startRegistry(path)
      let acknowledged = 0
      while (acknowledged < 40 * (round + 1)) acknowledged = (await child.next()) as number
      await child.kill('SIGKILL')
      const registry = pgliteRegistry({ path })
      await registry.open()
      const { head } = (await registry.read('tenant-1'))!
      await registry.close()
      expect(head!.seq).toBeGreaterThanOrEqual(acknowledged)
    }
  }, 60_000)

  it('opens after its first process was killed while it was being made', async () => {
    const path = join(root, 'half-made')
    const child = startRegistry(path)
    const halfMade = async () => {
      const names = await readdir(path).catch(() => [])
      return names.some((name) => name.startsWith('postgres.new-') && existsSync(join(path, name, 'base')))
    }
    // The child compiles the registry before it starts it: on a busy machine that alone took 20 s.
    await expect.poll(halfMade, { timeout: 90_000, interval: 5 }).toBe(true)
    await child.kill('SIGKILL')
    expect(existsSync(join(path, 'postgres'))).toBe(false)
    const registry = pgliteRegistry({ path })
    await registry.open()
    expect(await registry.list()).toEqual([])
    await registry.close()
  }, 180_000)

  it('refuses a second process, naming the first, and is free after close', async () => {
    const path = await initialised('shared')
    const registry = pgliteRegistry({ path })
    await registry.open()
    const second = startRegistry(path)
    const refusal = (await second.next()) as { code: string; message: string }
    expect(refusal.code).toBe('locked')
    expect(refusal.message).toContain(`The embedded registry at ${path} is in use by process ${process.pid}`)
    await registry.close()
    expect(await startRegistry(path).next()).toBe(1)
  }, 60_000)

  it('refuses a second registry of the same process, and leaves the first at work', async () => {
    const path = await initialised('twice')
    const registry = pgliteRegistry({ path })
    await registry.open()
    await expect(pgliteRegistry({ path }).open()).rejects.toMatchObject({ code: 'locked' })
    await registry.setDesired(newTenant(), 'running')
    await registry.close()
  }, 60_000)

  it('keeps rows over a restart, and vacuums while it is used', async () => {
    const path = await initialised('restarted')
    const tenantId = newTenant()
    const first = pgliteRegistry({ path, vacuumIntervalMs: 5 })
    await first.open()
    await first.acquire({ tenantId, owner: 'host-a', ttlMs: 60_000 })
    for (let seq = 0; seq < 50; seq++) await first.commit([swapOf(tenantId, seq)])
    const before = await first.read(tenantId)
    await first.close()
    const second = pgliteRegistry({ path })
    await second.open()
    expect(await second.read(tenantId)).toEqual(before)
    await second.close()
  }, 60_000)

  it('leaves a database that cannot be opened as it is, and says what to do', async () => {
    const path = join(root, 'damaged')
    await mkdir(join(path, 'postgres'), { recursive: true })
    await writeFile(join(path, 'postgres', 'PG_VERSION'), 'damaged')
    const registry = pgliteRegistry({ path })
    const refusal = { code: 'corrupt', message: expect.stringContaining('rebuilt from the object store') }
    await expect(registry.open()).rejects.toMatchObject(refusal)
    await expect(registry.open()).rejects.toMatchObject(refusal)
    expect(await readdir(join(path, 'postgres'))).toEqual(['PG_VERSION'])
  }, 60_000)
})
