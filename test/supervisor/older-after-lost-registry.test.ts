import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

const creds = (nextPreKeyId: number) =>
  JSON.stringify({ me: { id: '628120000001:1@s.whatsapp.net' }, account: { details: '' }, nextPreKeyId })

/** Four generations, each of which gave more pre-key ids to WhatsApp; gives the objects' keys in order. */
async function fourGenerations(hosts: VirtualHosts): Promise<string[]> {
  const host = await hosts.start()
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(500, connection.pair('628120000001'))
  for (const nextPreKeyId of [61, 91, 121]) {
    await hosts.within(500, connection.write(new Map([['creds.json', creds(nextPreKeyId)]]), 'urgent'))
  }
  await hosts.within(12_000, host.supervisor.shutdown())
  return (await hosts.store.list('tenant/')).map(({ key }) => key)
}

// Found by the simulation: pre-key ids that newer generations had given to WhatsApp were issued again.
describe('a lost registry, and a store that has lost an object in the middle', () => {
  it('brings the newest usable session back loudly, above every pre-key id that is known', async () => {
    const before = new VirtualHosts()
    const keys = await fourGenerations(before)
    expect(keys).toHaveLength(4)
    const after = new VirtualHosts()
    for (const key of keys.filter((_, at) => at !== 2)) {
      await after.store.put(key, await before.store.get(key))
    }

    const fresh = await after.start()
    expect(await fresh.supervisor.resume()).toEqual(['tenant'])
    await after.clock.advance(200)
    const { request } = await fresh.link.connection('tenant')
    expect(fresh.facts.find(({ type }) => type === 'session.restored')).toMatchObject({
      seq: 2,
      fellBack: true,
    })
    expect(JSON.parse((await request.files.read('creds.json'))!).nextPreKeyId).toBeGreaterThan(121)
    await after.within(12_000, fresh.supervisor.shutdown())
  })
})
