import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

/** A pairing that WhatsApp never finished, and a registry that holds the answer to the swap that marks it as ended. */
async function settingAside() {
  const hosts = new VirtualHosts()
  const host = await hosts.start()
  const session = await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(1_000, connection.write(new Map([['creds.json', creds]]), 'urgent'))
  let answer = () => {}
  const held = new Promise<void>((resolve) => {
    answer = resolve
  })
  hosts.delay = (operation) => (operation === 'commit' ? held : Promise.resolve())
  connection.close(401, false, true)
  // Beyond the deadline of an end.
  await hosts.clock.advance(10_000)
  return { hosts, host, session, answer }
}

const creds = JSON.stringify({ me: { id: '628120000001:1@s.whatsapp.net' }, account: { details: '' } })

// Found by the simulation: a session had two uploads under way, and the second run restored what the first was ending.
describe('a pairing that is begun anew', () => {
  it('waits for what is left of the one before, and then shows a code', async () => {
    const { hosts, host, session, answer } = await settingAside()
    expect(session.result).toBeNull()
    expect(host.link.connections).toHaveLength(1)
    answer()
    await hosts.clock.advance(1_000)
    expect(host.link.connections).toHaveLength(2)
    expect(host.link.connections[1]!.request.hasSession).toBe(false)
    await hosts.within(5_000, host.supervisor.shutdown())
  })

  it('can be stopped meanwhile', async () => {
    const { hosts, host, session, answer } = await settingAside()
    const stopped = session.stop()
    answer()
    expect(await hosts.within(5_000, stopped)).toMatchObject({ reason: 'stopped', unsaved: 0 })
    expect(host.link.connections).toHaveLength(1)
    await hosts.within(5_000, host.supervisor.shutdown())
    expect((await hosts.rows.read('tenant'))!.lease).toMatchObject({ expiresAt: 0 })
    expect(hosts.clock.pending).toBe(0)
  })
})
