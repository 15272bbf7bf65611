import { describe, expect, it } from 'vitest'
import { restoreGeneration } from '../../src/replication/restore.js'
import type { FakeConnection } from '../support/fake-link.js'
import type { MemoryDisk } from '../support/memory-disk.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

const creds = (nextPreKeyId: number) =>
  JSON.stringify({ me: { id: '628120000001:1@s.whatsapp.net' }, account: { details: '' }, nextPreKeyId })

/** Four generations, each of which gave more pre-key ids to WhatsApp, the last two by another host if it is said so. */
async function fourGenerations(hosts: VirtualHosts, { handOver = false } = {}): Promise<MemoryDisk> {
  const first = await hosts.start()
  await first.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const paired = await first.link.connection('tenant')
  await hosts.within(500, paired.pair('628120000001'))
  await giveIds(hosts, paired, 61)
  if (handOver) await hosts.within(12_000, first.supervisor.shutdown())
  const last = handOver ? await hosts.start() : first
  await last.supervisor.start('tenant')
  await hosts.clock.advance(500)
  const connection = await last.link.connection('tenant')
  connection.open()
  for (const nextPreKeyId of [91, 121]) await giveIds(hosts, connection, nextPreKeyId)
  await hosts.within(12_000, last.supervisor.shutdown())
  return first.disk
}

async function giveIds(hosts: VirtualHosts, connection: FakeConnection, nextPreKeyId: number): Promise<void> {
  await hosts.within(500, connection.write(new Map([['creds.json', creds(nextPreKeyId)]]), 'urgent'))
}

async function nextPreKeyIdOf({ request }: FakeConnection): Promise<number> {
  return JSON.parse((await request.files.read('creds.json'))!).nextPreKeyId
}

/** The same store beside a registry that has lost its rows, without the third of its four generations. */
async function afterBothLosses(before: VirtualHosts): Promise<VirtualHosts> {
  const keys = (await before.store.list('tenant/')).map(({ key }) => key)
  expect(keys).toHaveLength(4)
  const after = new VirtualHosts()
  for (const key of keys.filter((_, at) => at !== 2)) {
    await after.store.put(key, await before.store.get(key))
  }
  return after
}

// Found by the simulation: pre-key ids that newer generations had given to WhatsApp were issued again, or changes that the
// store had lost were taken for saved.
describe('a lost registry, and a store that has lost an object in the middle', () => {
  it('brings the newest usable session back loudly, above every pre-key id that is known', async () => {
    const before = new VirtualHosts()
    await fourGenerations(before)
    const after = await afterBothLosses(before)

    const fresh = await after.start()
    expect(await fresh.supervisor.resume()).toEqual(['tenant'])
    await after.clock.advance(200)
    const connection = await fresh.link.connection('tenant')
    expect(fresh.facts.find(({ type }) => type === 'session.restored')).toMatchObject({
      seq: 2,
      fellBack: true,
    })
    expect(await nextPreKeyIdOf(connection)).toBeGreaterThan(121)
    await after.within(12_000, fresh.supervisor.shutdown())
  })

  it('is no less old for a host that follows before anything was committed on top', async () => {
    const before = new VirtualHosts()
    await fourGenerations(before)
    const after = await afterBothLosses(before)

    after.fate = (_service, operation) => (operation === 'put' ? 'away' : 'well')
    const first = await after.start()
    await first.supervisor.resume()
    await after.clock.advance(500)
    await after.within(12_000, first.supervisor.shutdown())
    expect((await after.rows.read('tenant'))!.head).toMatchObject({ seq: 2 })

    after.fate = () => 'well'
    const next = await after.start()
    await next.supervisor.resume()
    await after.clock.advance(500)
    expect(await nextPreKeyIdOf(await next.link.connection('tenant'))).toBeGreaterThan(121)
    await after.within(12_000, next.supervisor.shutdown())
  })

  it('is given the whole of the local copy that the newest one was made of', async () => {
    const before = new VirtualHosts()
    const disk = await fourGenerations(before)
    const after = await afterBothLosses(before)

    const again = await after.start({ disk })
    expect(await again.supervisor.resume()).toEqual(['tenant'])
    await after.clock.advance(500)
    const connection = await again.link.connection('tenant')
    connection.open()
    await after.clock.advance(2_000)
    expect(await nextPreKeyIdOf(connection)).toBe(121)
    const { head } = (await after.rows.read('tenant'))!
    const { files } = await restoreGeneration(after.store, 'tenant', head!)
    expect(files.get('creds.json')).toBe(creds(121))
    await after.within(12_000, again.supervisor.shutdown())
  })

  it('goes on above the ids of newer generations of another host, though an older local copy is whole', async () => {
    const before = new VirtualHosts()
    const disk = await fourGenerations(before, { handOver: true })
    const after = await afterBothLosses(before)

    const again = await after.start({ disk })
    expect(await again.supervisor.resume()).toEqual(['tenant'])
    await after.clock.advance(500)
    const connection = await again.link.connection('tenant')
    expect(await nextPreKeyIdOf(connection)).toBeGreaterThan(121)
    expect(again.facts.map(({ type }) => type)).toContain('session.quarantined')
    await after.within(12_000, again.supervisor.shutdown())
  })
})
