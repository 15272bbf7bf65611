import { describe, expect, it } from 'vitest'
import { restoreGeneration } from '../../src/replication/restore.js'
import type { FakeConnection } from '../support/fake-link.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

const creds = (nextPreKeyId: number) =>
  JSON.stringify({ me: { id: '628120000001:1@s.whatsapp.net' }, account: { details: '' }, nextPreKeyId })

/** One step of traffic: a session moves on, and pre-key ids are given out. */
const traffic = (step: number) =>
  new Map([
    ['session-1.json', JSON.stringify({ step })],
    [`session-${step}.json`, JSON.stringify({ step })],
    ['creds.json', creds(60 + step)],
  ])

async function pairedHost(hosts: VirtualHosts) {
  const host = await hosts.start()
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(500, connection.pair('628120000001'))
  await saved(hosts, connection, 1)
  return { host, connection }
}

async function saved(hosts: VirtualHosts, connection: FakeConnection, step: number): Promise<void> {
  await hosts.within(600, connection.write(traffic(step), 'urgent'))
}

async function headFiles(hosts: VirtualHosts): Promise<ReadonlyMap<string, string>> {
  const { head } = (await hosts.rows.read('tenant'))!
  return (await restoreGeneration(hosts.store, 'tenant', head!)).files
}

// Found by a reviewer: of a process that runs for weeks, every copy of its disk has the epoch of the newest backup. One
// that was put back (a volume's snapshot, a nightly copy) was taken for that of a process that was killed before it could
// note its commits: its old ratchets and pre-key counter were committed on top of the newest backup, mixed with it.
describe('an older copy of the disk, put back after newer backups of the same process', () => {
  const cases = [
    { backups: 1, unsaved: false },
    { backups: 1, unsaved: true },
    { backups: 3, unsaved: false },
    { backups: 3, unsaved: true },
  ]
  it.each(cases)('does not win over $backups of them, changes in it: $unsaved', async ({
    backups,
    unsaved,
  }) => {
    const hosts = new VirtualHosts()
    const { host, connection } = await pairedHost(hosts)
    if (unsaved) await connection.write(traffic(2))
    const older = host.disk.copy()
    for (let step = 3; step < 3 + backups; step++) await saved(hosts, connection, step)
    host.kill()
    const newest = await headFiles(hosts)

    const again = await hosts.start({ disk: older })
    expect(await again.supervisor.resume()).toEqual(['tenant'])
    await hosts.clock.advance(500)
    const next = await again.link.connection('tenant')
    next.open()
    await hosts.clock.advance(3_000)
    for (const [name, content] of newest) expect(await next.request.files.read(name)).toBe(content)
    expect(await headFiles(hosts)).toEqual(newest)
    expect(again.facts).toContainEqual(expect.objectContaining({ reason: 'superseded' }))
    await hosts.within(12_000, again.supervisor.shutdown())
  })
})

describe('a process that was killed before it had noted its commit', () => {
  it('goes on with what it wrote since', async () => {
    const hosts = new VirtualHosts()
    const { host, connection } = await pairedHost(hosts)
    hosts.fate = (_, operation) => {
      if (operation !== 'commit') return 'well'
      host.kill()
      return 'lost'
    }
    await connection.write(traffic(2), 'urgent')
    await hosts.clock.advance(600)
    await connection.write(traffic(3))
    hosts.fate = () => 'well'
    expect((await headFiles(hosts)).get('creds.json')).toBe(creds(62))

    const again = await hosts.start({ disk: host.disk })
    expect(await again.supervisor.resume()).toEqual(['tenant'])
    await hosts.clock.advance(500)
    const next = await again.link.connection('tenant')
    expect(await next.request.files.read('creds.json')).toBe(creds(63))
    next.open()
    await hosts.clock.advance(3_000)
    expect((await headFiles(hosts)).get('creds.json')).toBe(creds(63))
    await hosts.within(12_000, again.supervisor.shutdown())
  })

  // A full disk takes neither the note of a commit nor that of the attempt; the change that it takes next must not be lost.
  it('goes on with what it wrote since, when the disk took no note of it either', async () => {
    const hosts = new VirtualHosts()
    const disk = hosts.newDisk()
    let full = false
    const plain = disk.handle.bind(disk)
    disk.handle = () =>
      plain(({ call, path }) => {
        if (full && call === 'append' && path.endsWith('.journal'))
          throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
      })
    const host = await hosts.start({ disk })
    await host.supervisor.start('tenant')
    await hosts.clock.advance(100)
    const connection = await host.link.connection('tenant')
    await hosts.within(500, connection.pair('628120000001'))
    await connection.write(traffic(2))
    full = true
    await hosts.clock.advance(2_000)
    full = false
    expect((await headFiles(hosts)).get('creds.json')).toBe(creds(62))
    hosts.fate = () => 'away'
    await connection.write(traffic(3))
    host.kill()
    hosts.fate = () => 'well'

    const again = await hosts.start({ disk: host.disk })
    expect(await again.supervisor.resume()).toEqual(['tenant'])
    await hosts.clock.advance(500)
    const next = await again.link.connection('tenant')
    expect(await next.request.files.read('creds.json')).toBe(creds(63))
    await hosts.within(12_000, again.supervisor.shutdown())
  })
})
