import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

// Found by the simulation: a write that was waited for after the end kept a timer for five seconds.
describe('a link that waits for its last write to be durable when its session is over', () => {
  it('is let go at once, and nothing is left behind', async () => {
    const hosts = new VirtualHosts()
    const { clock } = hosts
    const host = await hosts.start()
    const session = await host.supervisor.start('tenant')
    await clock.advance(100)
    const connection = await host.link.connection('tenant')
    await hosts.within(500, connection.pair('628120000001'))
    hosts.fate = (service) => (service === 'store' ? 'away' : 'well')
    const position = await connection.write(new Map([['pre-key-9.json', '{"n":9}']]), 'urgent')
    await hosts.within(15_000, session.stop())

    let open = false
    void connection.request.barrier(position).then(() => {
      open = true
    })
    await clock.advance(0)
    expect(open).toBe(true)
    expect(host.facts.filter(({ type }) => type === 'change.unprotected')).toHaveLength(0)
    await hosts.within(12_000, host.supervisor.shutdown())
    expect(clock.pending).toBe(0)
  })
})
