import { describe, expect, it } from 'vitest'
import type { MemoryDisk } from '../support/memory-disk.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

/** A tenant that was paired and backed up on a host that is gone. */
async function backedUp() {
  const hosts = new VirtualHosts()
  const host = await hosts.start()
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(1_000, connection.pair('628120000001'))
  return { hosts, host, connection }
}

/** Another host, killed with a change that no backup has. Gives its disk. */
async function killedWithChange(hosts: VirtualHosts): Promise<MemoryDisk> {
  const killed = await hosts.start()
  await killed.supervisor.resume()
  await hosts.clock.advance(500)
  const connection = await killed.link.connection('tenant')
  connection.open()
  hosts.fate = (service) => (service === 'store' ? 'away' : 'well')
  await connection.write(new Map([['session-1.json', '{"n":1}']]))
  return killed.disk
}

/** A registry that has lost its rows, beside the same store. */
async function afterLostRegistry(before: VirtualHosts): Promise<VirtualHosts> {
  before.fate = () => 'well'
  const after = new VirtualHosts()
  for (const { key } of await before.store.list('tenant/')) {
    await after.store.put(key, await before.store.get(key))
  }
  return after
}

async function bringUp(hosts: VirtualHosts, disk = hosts.newDisk()) {
  const host = await hosts.start({ disk })
  expect(await host.supervisor.resume()).toEqual(['tenant'])
  await hosts.clock.advance(500)
  const connection = await host.link.connection('tenant')
  connection.open()
  return { host, connection, read: (name: string) => connection.request.files.read(name) }
}

// Found by the simulation: epochs were given twice, and a copy of the first time counted as one of the second.
describe('a registry that was lost', () => {
  it('does not make a superseded copy count because epochs begin anew', async () => {
    const { hosts: before, host } = await backedUp()
    await before.within(12_000, host.supervisor.shutdown())
    const stale = await killedWithChange(before)

    const after = await afterLostRegistry(before)
    const owner = await bringUp(after)
    await after.within(1_000, owner.connection.write(new Map([['session-2.json', '{"n":2}']])))
    await after.within(12_000, owner.host.supervisor.shutdown())
    expect((await after.rows.read('tenant'))!.head).toMatchObject({ seq: 2 })

    const { read, host: again } = await bringUp(after, stale)
    expect(await read('session-2.json')).toBe('{"n":2}')
    expect(await read('session-1.json')).toBeNull()
    expect(again.facts).toContainEqual(expect.objectContaining({ type: 'session.quarantined', unsaved: 1 }))
  })

  it('gives no epoch again that only a local copy tells of', async () => {
    const { hosts: before, host } = await backedUp()
    await before.within(12_000, host.supervisor.shutdown())
    const disk = await killedWithChange(before)
    const { epoch } = (await before.rows.read('tenant'))!.lease!

    const after = new VirtualHosts()
    await bringUp(after, disk)
    await after.clock.advance(2_000)
    const row = (await after.rows.read('tenant'))!
    expect(row.head!.epoch).toBeGreaterThan(epoch)
  })
})

// Found by the simulation: such an upload became the head, and its files came in between those of the local copy.
describe('an upload that was never answered, whose owner was followed by another', () => {
  it('is nothing that a copy of the later owner is mixed with, nor a head, when the registry is lost', async () => {
    const { hosts: before, host, connection } = await backedUp()
    before.fate = (service, operation) => (service === 'store' && operation === 'put' ? 'lost' : 'well')
    await connection.write(new Map([['session-9.json', '{"n":9}']]))
    await before.within(12_000, host.supervisor.shutdown())
    before.fate = () => 'well'
    const keys = (await before.store.list('tenant/')).map(({ key }) => key)
    expect(keys.at(-1)).toContain('0000000002-1-')
    const disk = await killedWithChange(before)

    const after = await afterLostRegistry(before)
    const { read } = await bringUp(after, disk)
    expect((await after.rows.read('tenant'))!.head).toMatchObject({ seq: 1 })
    expect(await read('session-1.json')).toBe('{"n":1}')
    expect(await read('session-9.json')).toBeNull()
    await after.clock.advance(2_000)
    expect((await after.rows.read('tenant'))!.head!.epoch).toBeGreaterThan(2)
  })
})
