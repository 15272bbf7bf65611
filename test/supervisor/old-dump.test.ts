import { describe, expect, it } from 'vitest'
import { restoreGeneration } from '../../src/replication/restore.js'
import type { FakeConnection } from '../support/fake-link.js'
import type { MemoryDisk } from '../support/memory-disk.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

const creds = (nextPreKeyId: number) =>
  JSON.stringify({ me: { id: '628120000001:1@s.whatsapp.net' }, account: { details: '' }, nextPreKeyId })

async function save(hosts: VirtualHosts, connection: FakeConnection, nextPreKeyId: number): Promise<void> {
  await hosts.within(600, connection.write(new Map([['creds.json', creds(nextPreKeyId)]]), 'urgent'))
}

async function connected(hosts: VirtualHosts, disk: MemoryDisk) {
  const host = await hosts.start({ disk })
  await host.supervisor.start('tenant')
  await hosts.clock.advance(500)
  const connection = await host.link.connection('tenant')
  connection.open()
  const end = () => hosts.within(12_000, host.supervisor.shutdown())
  return { host, connection, end }
}

/** As `connected`; the first time, the phone pairs. */
async function paired(hosts: VirtualHosts, disk: MemoryDisk) {
  const isFirst = (await hosts.rows.read('tenant')) === null
  if (!isFirst) return await connected(hosts, disk)
  const host = await hosts.start({ disk })
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(500, connection.pair('628120000001'))
  return { host, connection, end: () => hosts.within(12_000, host.supervisor.shutdown()) }
}

async function nextPreKeyIdOf({ request }: FakeConnection): Promise<number> {
  return JSON.parse((await request.files.read('creds.json'))!).nextPreKeyId
}

/** The same store beside a registry that is what it was when it knew only of the `known`th generation. */
async function withOldDump(before: VirtualHosts, known: number): Promise<VirtualHosts> {
  const after = new VirtualHosts()
  const keys = (await before.store.list('tenant/')).map(({ key }) => key)
  for (const key of keys) await after.store.put(key, await before.store.get(key))
  const { head } = await restoreGeneration(after.store, 'tenant', { key: keys[known - 1]! })
  await after.rows.setDesired('tenant', 'running')
  const request = { tenantId: 'tenant', owner: 'as dumped', ttlMs: 1_000 }
  const { lease } = await after.rows.acquire(request)
  const swap = { tenantId: 'tenant', owner: lease.owner, epoch: lease.epoch, expectedSeq: 0, head }
  expect(await after.rows.commit([swap])).toEqual(['committed'])
  await after.rows.release(lease.owner, [{ tenantId: 'tenant', epoch: lease.epoch }])
  return after
}

// Found by a reviewer: after a registry had been restored from an old dump, its epochs and sequence numbers began again
// below those that local copies knew. The newest copy went on under one of them, and the next host took its own, older copy
// for a continuation of that.
describe('a registry that was restored from an old dump', () => {
  it('does not let an older local copy of another host win over the newest session', async () => {
    const before = new VirtualHosts()
    const [newest, stale] = [before.newDisk(), before.newDisk()]
    const first = await paired(before, newest)
    await first.end()
    const second = await connected(before, stale)
    for (const id of [61, 91, 121]) await save(before, second.connection, id)
    await second.end()
    const third = await connected(before, newest)
    for (const id of [151, 181]) await save(before, third.connection, id)
    await third.end()

    const after = await withOldDump(before, 1)
    const again = await connected(after, newest)
    expect(await nextPreKeyIdOf(again.connection)).toBe(181)
    await save(after, again.connection, 211)
    await again.end()

    const other = await connected(after, stale)
    expect(await nextPreKeyIdOf(other.connection)).toBe(211)
    expect(other.host.facts).toContainEqual(expect.objectContaining({ reason: 'superseded' }))
    await other.end()
  })

  it.each([
    ['an empty disk', false],
    ['a disk with an older copy', true],
  ])('gives %s the newest session, not that of the dump', async (_, hasCopy) => {
    const before = new VirtualHosts()
    const [newest, stale] = [before.newDisk(), before.newDisk()]
    for (const [disk, ids] of [
      [stale, [61, 91]],
      [newest, [121, 151]],
    ] as const) {
      const host = await paired(before, disk)
      for (const id of ids) await save(before, host.connection, id)
      await host.end()
    }
    const after = await withOldDump(before, 3)
    await after.clock.advance(3_600_000)
    const again = await connected(after, hasCopy ? stale : after.newDisk())
    expect(await nextPreKeyIdOf(again.connection)).toBe(151)
    await save(after, again.connection, 181)
    await again.end()
    const { head } = (await after.rows.read('tenant'))!
    expect((await restoreGeneration(after.store, 'tenant', head!)).files.get('creds.json')).toBe(creds(181))
  })

  it('is not asked after on the word of a single upload that was never committed', async () => {
    const before = new VirtualHosts()
    const host = await paired(before, before.newDisk())
    for (const id of [61, 91]) await save(before, host.connection, id)
    await host.end()
    const known = (await before.store.list('tenant/')).length - 1
    const after = await withOldDump(before, known)
    await after.clock.advance(3_600_000)
    const again = await connected(after, after.newDisk())
    expect(await nextPreKeyIdOf(again.connection)).toBe(61)
    await again.end()
  })
})

describe('a registry that was restored from a dump without a tenant’s row, whose backups are in the store', () => {
  /** Two hosts had the tenant; the dump was made before it, and knows another. */
  async function dumpWithout() {
    const before = new VirtualHosts()
    const [newest, stale] = [before.newDisk(), before.newDisk()]
    for (const [disk, ids] of [
      [stale, [61, 91]],
      [newest, [121, 151]],
    ] as const) {
      const host = await paired(before, disk)
      for (const id of ids) await save(before, host.connection, id)
      await host.end()
    }
    const after = new VirtualHosts()
    for (const { key } of await before.store.list('tenant/'))
      await after.store.put(key, await before.store.get(key))
    await after.rows.setDesired('another', 'running')
    const { lease } = (await before.rows.read('tenant'))!
    return { after, newest, stale, lastEpoch: lease!.epoch }
  }

  async function added(hosts: VirtualHosts, disk: MemoryDisk) {
    const host = await hosts.start({ disk })
    const codes: string[] = []
    host.supervisor.on('qr', ({ qr }) => codes.push(qr))
    await host.supervisor.start('tenant', { mayPair: true })
    return { ...host, codes }
  }

  it.each([
    'an empty disk',
    'the newest disk',
    'an older disk',
  ])('restores it from the store when it is added again, with no code: %s', async (which) => {
    const { after, newest, stale, lastEpoch } = await dumpWithout()
    const disk = { 'the newest disk': newest, 'an older disk': stale }[which] ?? after.newDisk()
    const { supervisor, link, codes } = await added(after, disk)
    await after.clock.advance(500)
    const connection = await link.connection('tenant')
    expect(connection.request.hasSession).toBe(true)
    expect(await nextPreKeyIdOf(connection)).toBe(151)
    connection.open()
    await save(after, connection, 181)
    const { head, lease } = (await after.rows.read('tenant'))!
    expect(lease!.epoch).toBeGreaterThan(lastEpoch)
    expect((await restoreGeneration(after.store, 'tenant', head!)).files.get('creds.json')).toBe(creds(181))
    expect(codes).toEqual([])
    await after.within(12_000, supervisor.shutdown())
  })

  it('neither pairs nor writes anything while the store does not answer, and restores it when it does', async () => {
    const { after } = await dumpWithout()
    const keys = await after.store.list('tenant/')
    after.fate = (service) => (service === 'store' ? 'away' : 'well')
    const { supervisor, link, codes } = await added(after, after.newDisk())
    await after.clock.advance(120_000)
    expect({ codes, connections: link.connections }).toEqual({ codes: [], connections: [] })
    expect(supervisor.get('tenant')).toMatchObject({ state: 'restoring.waiting', lastError: 'undecided' })
    after.fate = () => 'well'
    expect(await after.store.list('tenant/')).toEqual(keys)
    await after.clock.advance(120_000)
    const connection = await link.connection('tenant')
    expect(connection.request.hasSession).toBe(true)
    expect(await nextPreKeyIdOf(connection)).toBe(151)
    await after.within(12_000, supervisor.shutdown())
  })
})
