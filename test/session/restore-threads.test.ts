import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { seed } from '../../bench/seed.js'
import { SessionError } from '../../src/errors.js'
import type { Clock } from '../../src/ports/clock.js'
import type { ObjectStore } from '../../src/ports/object-store.js'
import type { Head } from '../../src/ports/registry.js'
import { FileTree } from '../../src/replication/file-tree.js'
import { openSessionRoot, type RestoreThreadsOptions, type SessionRoot } from '../../src/session/index.js'
import { RestoreThreads } from '../../src/session/restore-threads.js'
import { TestStore } from '../replication/stores.js'
import { type Bundle, bundle } from '../sim/bundle.mjs'
import { VirtualClock } from '../support/virtual-clock.js'
import { readFolder, smallSession, temporaryDirectory, testClock, treeOf } from './support/session-fixture.js'

/** What a thread runs is JavaScript: as built, here in one file. */
let built: Bundle
let program: URL

beforeAll(async () => {
  built = await bundle('restore-thread', [], 'src/session/restore-thread.ts')
  program = pathToFileURL(built.path)
})

afterAll(() => built.remove())

const tenants = ['a', 'b', 'c', 'd', 'e', 'f']

/** Tenants with a head in the store; each has a file of its own. */
async function fleet(store: ObjectStore): Promise<Map<string, { head: Head; files: Map<string, string> }>> {
  const fleet = new Map<string, { head: Head; files: Map<string, string> }>()
  for (const tenantId of tenants) {
    const files = new Map(smallSession).set(`session-${tenantId}.json`, `{"of":"${tenantId}"}`)
    const head = await seed(store, tenantId, files)
    fleet.set(tenantId, { head, files })
  }
  return fleet
}

async function openWithThreads(
  options: Partial<RestoreThreadsOptions> = {},
  clock: Clock = testClock,
): Promise<SessionRoot> {
  const unavailable = (error: unknown) => {
    throw error
  }
  const threads = { most: 2, unavailable, program, ...options }
  const root = await openSessionRoot({
    path: temporaryDirectory(),
    clock,
    random: Math.random,
    threads,
  })
  onTestFinished(() => root.close())
  return root
}

const requestOf = (tenantId: string, head: Head) => ({
  tenantId,
  head,
  base: { epoch: 2, head: { seq: head.seq, digest: head.digest, tree: head.tree } },
})

function restore(root: SessionRoot, store: ObjectStore, tenantId: string, head: Head) {
  return root.restoreHead(requestOf(tenantId, head), { store, checkLive: () => {} })
}

async function restoreAll(root: SessionRoot, held: TestStore) {
  const heads = [...(await fleet(held.store))]
  const restored = await Promise.all(heads.map(([id, { head }]) => restore(root, held.store, id, head)))
  return heads.map(([tenantId, { files }], index) => ({ tenantId, files, restored: restored[index]! }))
}

describe('many sessions restored at once', () => {
  it('are what was committed, and what a look at the folder finds', async () => {
    const held = new TestStore()
    const root = await openWithThreads()
    for (const { tenantId, files, restored } of await restoreAll(root, held)) {
      expect(readFolder(join(root.path, tenantId))).toEqual(new Map([...files].sort()))
      const found = (await root.inspect(tenantId))!
      expect(restored.copy!.hashes.digest()).toBe(found.hashes.digest())
      expect(new Map(restored.copy!.facts)).toEqual(new Map(found.facts))
      expect(restored.copy!.base).toEqual(found.base)
      expect(restored.copy!.paired).toBe(true)
    }
    expect(held.requests.get).toBe(tenants.length)
  })

  it('go on as if this thread had done it', async () => {
    const held = new TestStore()
    const root = await openWithThreads()
    for (const { tenantId, files, restored } of await restoreAll(root, held)) {
      const { base, copy, hashes: committed } = restored
      const folder = await root.open(tenantId, { base, copy, committed })
      expect(folder.unsavedCount).toBe(0)
      expect(await folder.audit({ full: false })).toEqual({ changed: 0, damaged: [], missing: [], reads: 0 })
      expect(await folder.read('creds.json')).toBe(files.get('creds.json'))
      await folder.write(new Map([['session-new.json', '{"n":1}']]))
      expect([...folder.capture().changes.keys()]).toEqual(['session-new.json'])
    }
  })

  it('refuse a damaged head that has nothing behind it', async () => {
    const held = new TestStore()
    const root = await openWithThreads()
    const heads = [...(await fleet(held.store))]
    for (const [, { head }] of heads) held.replaced.set(head.key, Buffer.from('torn'))
    const outcomes = await Promise.allSettled(
      heads.map(([id, { head }]) => restore(root, held.store, id, head)),
    )
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'SessionError', code: 'corrupt' } })
    }
  })

  it('tell what the store told', async () => {
    const held = new TestStore()
    const root = await openWithThreads()
    const heads = [...(await fleet(held.store))]
    held.fault = () => new SessionError('unavailable', 'The store does not answer.')
    const outcomes = await Promise.allSettled(
      heads.map(([id, { head }]) => restore(root, held.store, id, head)),
    )
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'unavailable', message: 'The store does not answer.' },
      })
    }
  })

  it('tell of a disk that does not take them, and name no file', async () => {
    const held = new TestStore()
    const root = await openWithThreads()
    const heads = [...(await fleet(held.store))]
    // Not a directory: nothing can be built in it.
    rmSync(join(root.path, '.supervisor/incoming'), { recursive: true })
    writeFileSync(join(root.path, '.supervisor/incoming'), '')
    const outcomes = await Promise.allSettled(
      heads.map(([id, { head }]) => restore(root, held.store, id, head)),
    )
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
      expect(String((outcome as PromiseRejectedResult).reason.stack)).not.toContain('.json')
    }
  })

  it('put nothing in place for sessions that ended meanwhile', async () => {
    const held = new TestStore()
    const root = await openWithThreads()
    const heads = [...(await fleet(held.store))]
    const checkLive = () => {
      throw new SessionError('closed', 'It ended.')
    }
    const outcomes = await Promise.allSettled(
      heads.map(([id, { head }]) => root.restoreHead(requestOf(id, head), { store: held.store, checkLive })),
    )
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(await root.list()).toEqual([])
    for (const tenantId of tenants) expect(await root.inspect(tenantId)).toBeNull()
  })
})

describe('threads that do not work', () => {
  it('are done without: one that ends in the middle loses nothing', async () => {
    const told: unknown[] = []
    const held = new TestStore()
    const dying = join(temporaryDirectory(), 'dies.mjs')
    writeFileSync(
      dying,
      `import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(9))`,
    )
    const root = await openWithThreads({
      program: pathToFileURL(dying),
      unavailable: (error) => void told.push(error),
    })
    for (const { tenantId, files } of await restoreAll(root, held)) {
      expect(readFolder(join(root.path, tenantId))).toEqual(new Map([...files].sort()))
    }
    expect(told).toHaveLength(1)
  })

  it('end when they are idle, not when they are asked again: nothing is given to one that ends', async () => {
    const held = new TestStore()
    const clock = new VirtualClock()
    const root = await openWithThreads({}, clock)
    const heads = [...(await fleet(held.store))]
    for (let round = 0; round < 5; round++) {
      await Promise.all(heads.map(([id, { head }]) => restore(root, held.store, id, head)))
      // The only timer is that of idle threads: the next round begins while they end.
      expect(clock.pending).toBe(1)
      clock.step()
    }
    expect(readFolder(join(root.path, 'f')).size).toBe(smallSession.size + 1)
  })

  it('are done without where their program is not, as in what a bundler makes', async () => {
    const held = new TestStore()
    const root = await openWithThreads({ program: undefined })
    expect(await restoreAll(root, held)).toHaveLength(tenants.length)
  })
})

describe('the threads themselves', () => {
  it('are there for many restores only, no more than allowed, and end when there are none', async () => {
    const held = new TestStore()
    const clock = new VirtualClock()
    const path = temporaryDirectory()
    const threads = new RestoreThreads(path, clock, { most: 1, unavailable: () => {}, program })
    onTestFinished(() => threads.close())
    const heads = [...(await fleet(held.store))]
    mkdirSync(join(path, '.supervisor/incoming'), { recursive: true })
    const here: string[] = []
    const build = ([id, { head }]: (typeof heads)[number]) =>
      threads.build(held.store, requestOf(id, head), async () => {
        here.push(id)
        return null as never
      })
    await Promise.all(heads.slice(0, 2).map(build))
    expect(here).toEqual(['a', 'b'])
    expect(threads.size).toBe(0)
    const rest = Promise.all(heads.map(build))
    expect(threads.size).toBe(1)
    await rest
    expect(here).toEqual(['a', 'b', 'a', 'b'])
    await clock.advance(60_000)
    await expect.poll(() => threads.size).toBe(0)
  })
})

describe('a tree on its way to another thread', () => {
  it('arrives as it was, and changes as the other would', () => {
    const tree = treeOf(smallSession)
    tree.delete('device-list-2.json')
    tree.set('session-x.json', 'ab'.repeat(32))
    const arrived = FileTree.of(structuredClone(tree.columns()))
    expect(new Map(arrived.entries())).toEqual(new Map(tree.entries()))
    expect(arrived.digest()).toBe(tree.digest())
    for (let n = 0; n < 40; n++)
      for (const each of [tree, arrived]) each.set(`more-${n}.json`, 'cd'.repeat(32))
    for (const each of [tree, arrived]) each.delete('creds.json')
    expect(arrived.digest()).toBe(tree.digest())
    expect(FileTree.of(structuredClone(new FileTree().columns())).digest()).toBe(new FileTree().digest())
  })
})
