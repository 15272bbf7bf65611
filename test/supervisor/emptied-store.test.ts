import { describe, expect, it } from 'vitest'
import { restoreGeneration } from '../../src/replication/restore.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

const minute = 60_000

async function pairedHost(hosts: VirtualHosts) {
  const host = await hosts.start({
    settings: { collectIntervalMs: 10 * minute, auditIntervalMs: 5 * minute },
  })
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(2_000, connection.pair('628120000001'))
  return { host, connection }
}

async function emptyStore({ store }: VirtualHosts): Promise<void> {
  await store.remove((await store.list('tenant/')).map(({ key }) => key))
}

const headOf = async (hosts: VirtualHosts) => (await hosts.rows.read('tenant'))!.head!

// Found by a reviewer: backups went on on top of objects that were gone, none of which could be restored, until the next
// snapshot was due; a session without traffic was never backed up again.
describe('a store that was emptied under a running session', () => {
  it('has a backup again that can be restored, though traffic goes on on top of what is gone', async () => {
    const hosts = new VirtualHosts()
    const { host, connection } = await pairedHost(hosts)
    await emptyStore(hosts)
    await hosts.within(2_000, connection.write(new Map([['session-1.json', '{"step":1}']])))
    await expect(restoreGeneration(hosts.store, 'tenant', await headOf(hosts))).rejects.toMatchObject({
      code: 'missing',
    })
    await hosts.clock.advance(16 * minute)
    const { files } = await restoreGeneration(hosts.store, 'tenant', await headOf(hosts))
    expect([...files.keys()].sort()).toEqual(['creds.json', 'session-1.json'])
    await hosts.within(12_000, host.supervisor.shutdown())
  })

  it('has one again within some 75 minutes when nothing changes', async () => {
    const hosts = new VirtualHosts()
    const { host } = await pairedHost(hosts)
    await hosts.clock.advance(15 * minute)
    await emptyStore(hosts)
    await hosts.clock.advance(76 * minute)
    const { files } = await restoreGeneration(hosts.store, 'tenant', await headOf(hosts))
    expect([...files.keys()]).toEqual(['creds.json'])
    await hosts.within(12_000, host.supervisor.shutdown())
  })

  it('is looked at once an hour, not at each collection', async () => {
    const hosts = new VirtualHosts()
    const { host } = await pairedHost(hosts)
    await hosts.clock.advance(15 * minute)
    let lists = 0
    hosts.fate = (_, operation) => {
      if (operation === 'list') lists++
      return 'well'
    }
    await hosts.clock.advance(180 * minute)
    expect(lists).toBeGreaterThanOrEqual(2)
    expect(lists).toBeLessThanOrEqual(3)
    await hosts.within(12_000, host.supervisor.shutdown())
  })
})
