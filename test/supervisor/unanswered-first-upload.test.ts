import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

// Found by the simulation: such a session was connected and never backed up again.
describe('a session whose first upload was stored, unanswered, when its process was killed', () => {
  it('goes on top of it when the store is back, though the store was away at the restart', async () => {
    const hosts = new VirtualHosts()
    const { clock } = hosts
    const killed = await hosts.start()
    await killed.supervisor.start('tenant')
    await clock.advance(100)
    hosts.fate = (service, operation) => (service === 'store' && operation === 'put' ? 'lost' : 'well')
    void (await killed.link.connection('tenant')).pair('628120000001')
    await clock.advance(5)
    expect((await hosts.store.list('tenant/')).length).toBe(1)
    expect((await hosts.rows.read('tenant'))!.head).toBeNull()

    hosts.fate = (service) => (service === 'store' ? 'away' : 'well')
    const again = await hosts.start({ disk: killed.disk, dice: 0.02 })
    const [tenantId] = await again.supervisor.resume()
    await clock.advance(100)
    const connection = await again.link.connection(tenantId!)
    connection.open()
    await connection.write(new Map([['session-1.json', '{"n":1}']]))
    await clock.advance(10_000)
    const session = again.supervisor.get('tenant')!
    expect(session.unprotected.changes).toBeGreaterThan(0)

    hosts.fate = () => 'well'
    await clock.advance(5_000)
    expect(session.unprotected.changes).toBe(0)
    expect((await hosts.rows.read('tenant'))!.head).toMatchObject({ seq: 2 })
  })
})
