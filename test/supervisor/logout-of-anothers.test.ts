import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

/** A host that has a paired, backed-up tenant, and another owner that has taken its lease without its knowing. */
async function takenOver() {
  const hosts = new VirtualHosts()
  const { clock, rows } = hosts
  const host = await hosts.start()
  const session = await host.supervisor.start('tenant')
  await clock.advance(100)
  const connection = await host.link.connection('tenant')
  void connection.pair('628120000001')
  await clock.advance(1_000)
  hosts.fate = (service, operation) => (service === 'registry' && operation === 'renew' ? 'away' : 'well')
  await clock.advance(16_000)
  await rows.acquire({ tenantId: 'tenant', owner: 'another', ttlMs: 60_000 })
  return { hosts, session, connection }
}

// Found by the random walks: the objects of a session that another host ran were deleted.
describe('a logout on a host that has lost the tenant to another', () => {
  it('deletes nothing, even while it does not know of the loss', async () => {
    const { hosts, session } = await takenOver()
    const before = await hosts.store.list('tenant/')
    hosts.fate = () => 'well'
    const result = await hosts.within(20_000, session.logout())
    expect(result.reason).not.toBe('stopped')
    expect(await hosts.store.list('tenant/')).toEqual(before)
    expect((await hosts.rows.read('tenant'))!.head).not.toBeNull()
  })
})
