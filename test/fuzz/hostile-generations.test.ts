import { describe, expect, it } from 'vitest'
import { type ObjectStore, SessionError } from '../../src/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { findHead } from '../../src/replication/find-head.js'
import { restoreNewest } from '../../src/replication/walk-back.js'
import { memoryStore } from '../../src/stores/memory.js'
import { MemoryDisk } from '../support/memory-disk.js'
import { VirtualClock } from '../support/virtual-clock.js'
import { type Forged, forge, pairedCreds } from './support/forge.js'
import { type Hostile, hostileGenerations } from './support/hostile.js'
import { refusalOf, tried } from './support/inputs.js'
import { SmallHost, sessions, tenant } from './support/small-host.js'

const good = forge({ fields: { seq: 1, baseSeq: 1, parent: null } })

async function storeWith(...objects: readonly Pick<Forged, 'key' | 'body'>[]): Promise<ObjectStore> {
  const store = memoryStore()
  for (const { key, body } of objects) await store.put(key, body)
  return store
}

function headOf({ key, digest, tree }: Forged) {
  return { key, digest, tree, seq: 2, epoch: 1, snapshotSeq: 2, marks: { nextPreKeyId: 0 } }
}

/** A real supervisor on that store, whose registry knows the object as the head or knows nothing. */
async function startOn(store: ObjectStore, head: Forged | null, seq = 2) {
  const clock = new VirtualClock()
  const disk = new MemoryDisk(() => clock.now())
  const registry = memoryRegistry({ clock })
  await registry.open()
  if (head) {
    const { lease } = await registry.acquire({ tenantId: tenant, owner: 'before', ttlMs: 1 })
    const swap = { tenantId: tenant, owner: 'before', epoch: lease.epoch, expectedSeq: 0 }
    await registry.commit([{ ...swap, head: { ...headOf(head), seq, snapshotSeq: seq } }])
    await registry.release('before', [{ tenantId: tenant, epoch: lease.epoch }])
  }
  const host = await SmallHost.start({ clock, disk, store, registry })
  const session = await host.bringUp()
  return { host, session, disk }
}

it('a forged generation with nothing hostile in it is restored: the forger forges well', async () => {
  const harmless = forge()
  const found = await findHead(await storeWith(good, harmless), tenant)
  expect(found!.restored.head).toMatchObject({ key: harmless.key, digest: harmless.digest })
  const { host, session } = await startOn(await storeWith(good, harmless), harmless)
  expect(host.link.connections[0]!.request.hasSession).toBe(true)
  expect(session.lastError).toBeNull()
  await host.shutdown()
})

it('a forged newer generation is not looked at while the registry knows the head', async () => {
  tried()
  const { host, session } = await startOn(
    await storeWith(good, forge({ puts: { 'creds.json': '{}' } })),
    good,
    1,
  )
  expect(host.link.connections[0]!.request.hasSession).toBe(true)
  expect(Object.fromEntries(host.folder())).toEqual({ 'creds.json': pairedCreds })
  expect(session.generation).toBe(1)
  await host.shutdown()
})

describe.each(hostileGenerations)('a generation that $what', (hostile: Hostile) => {
  const forged = hostile.forge()
  const isNone = hostile.refusedAs === 'undecided'

  it('is refused with a closed code by every search', async () => {
    tried(2)
    const alone = await storeWith(forged)
    const lost = await refusalOf(() => findHead(alone, tenant))
    expect(lost.code).toBe(hostile.refusedAs ?? 'corrupt')
    const known = await refusalOf(() => restoreNewest(alone, tenant, headOf(forged)))
    expect(known.code).toBe('corrupt')
    expect(known.message).toContain(isNone ? tenant : forged.key)
  })

  it('gives way to an older one that verifies, by name', async () => {
    tried(2)
    const store = await storeWith(good, forged)
    const found = (await findHead(store, tenant))!
    expect(found.restored.head.key).toBe(good.key)
    expect(found.skipped.map(({ code }) => code)).toEqual(isNone ? [] : ['corrupt'])
    const newest = await restoreNewest(store, tenant, headOf(forged))
    expect(newest).toMatchObject({ fellBack: true, restored: { head: { key: good.key } } })
  })

  it.each([
    ['an empty registry', null],
    ['it as the head', forged],
  ])('makes a supervisor with %s wait and say why: nothing is written, nothing paired', async (_, head) => {
    tried()
    const store = await storeWith(forged)
    const { host, session, disk } = await startOn(store, head)
    expect(session.lastError).toBe(head === null ? (hostile.refusedAs ?? 'corrupt') : 'corrupt')
    expect(session.state).toMatch(/^restoring/)
    expect(host.link.connections).toEqual([])
    expect(host.folder()).toEqual(new Map())
    const failed = host.facts.find(({ type }) => type === 'restore.failed') as { error: unknown } | undefined
    expect(failed?.error).toBeInstanceOf(SessionError)
    await host.shutdown()
    const strays = [...disk.files().keys()].filter((path) => !path.startsWith(`${sessions}/.supervisor/`))
    expect(strays).toEqual([])
    expect((await store.list(`${tenant}/`)).map(({ key }) => key)).toEqual([forged.key])
  })
})
