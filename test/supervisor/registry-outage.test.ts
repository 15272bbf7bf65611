import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../src/index.js'
import { FakeLink } from '../support/fake-link.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

// Found by the simulation: when a registry came back, waiting hosts took every lease before its owner could renew it.
describe('a registry that is away for longer than a lease lasts', () => {
  it('leaves every tenant with its owner when it comes back', async () => {
    const hosts = new VirtualHosts()
    const { clock } = hosts
    const owner = await hosts.start({ dice: 0.5 })
    const session = await owner.supervisor.start('tenant')
    await clock.advance(100)
    await (await owner.link.connection('tenant')).pair('628120000001')
    await clock.advance(1_000)
    expect(session.link).toBe('open')
    const waiting = await hosts.start({ dice: 0.02 })
    await waiting.supervisor.start('tenant')
    await clock.advance(10_000)

    hosts.fate = (service) => (service === 'registry' ? 'away' : 'well')
    await clock.advance(40_000)
    hosts.fate = () => 'well'
    await clock.advance(30_000)

    expect(session.result).toBeNull()
    expect(session.link).toBe('open')
    expect(waiting.link.connections).toHaveLength(0)
  })

  it('gives a tenant whose owner is gone to the next host soon after', async () => {
    const hosts = new VirtualHosts()
    await hosts.rows.acquire({ tenantId: 'tenant', owner: 'somebody who died', ttlMs: 15_000 })
    const waiting = await hosts.start({ dice: 0.02 })
    const session = await waiting.supervisor.start('tenant')
    await hosts.clock.advance(5_000)
    hosts.fate = (service) => (service === 'registry' ? 'away' : 'well')
    await hosts.clock.advance(40_000)
    hosts.fate = () => 'well'
    await hosts.clock.advance(12_000)
    expect(session.state).toMatch(/^restoring\.opening|^pairing/)
    await hosts.within(12_000, waiting.supervisor.shutdown())
  })
})

// Found by making a running server's database read-only: two lines a second, 250 MB a day.
it('a registry that is away for an hour fills no log, and its return is told', async () => {
  const hosts = new VirtualHosts()
  const told = new Map<string, number>()
  const tell = (_fields: object, text: string) => void told.set(text, (told.get(text) ?? 0) + 1)
  const logger = { ...silentLogger, info: tell, warn: tell, error: tell }
  const link = new FakeLink()
  const host = await hosts.startWith(link, { disk: hosts.newDisk(), logger })
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  await (await link.connection('tenant')).pair('628120000001')
  await hosts.clock.advance(1_000)
  hosts.fate = (service) => (service === 'registry' ? 'away' : 'well')
  await hosts.clock.advance(10_000)
  const connection = await link.connection('tenant')
  connection.close(428)
  await hosts.clock.advance(3_600_000)
  hosts.fate = () => 'well'
  await hosts.clock.advance(60_000)
  const once = [...told].filter(([text]) => /lease|status/.test(text))
  expect(Object.fromEntries(once)).toEqual({
    'leases not renewed; bots go on, it is tried again': 1,
    'leases are renewed again': 1,
    'status not written; it is tried again': 1,
  })
  await hosts.within(12_000, host.supervisor.shutdown())
})

// Found by the simulation: each call left a timer of its own, and a registry that was away at the start was never asked again.
describe('tenants that are looked for while the registry or the store is away', () => {
  it('are brought up when it is back, by one retry however often they were asked for', async () => {
    const hosts = new VirtualHosts()
    await hosts.rows.setDesired('tenant', 'running')
    const host = await hosts.start()
    hosts.fate = () => 'away'
    for (let n = 0; n < 3; n++) await expect(host.supervisor.resume()).rejects.toThrow('away')
    const timers = hosts.clock.pending
    await expect(host.supervisor.resume()).rejects.toThrow('away')
    expect(hosts.clock.pending).toBe(timers)
    hosts.fate = () => 'well'
    await hosts.clock.advance(15_000)
    expect(host.supervisor.get('tenant')).toBeDefined()
    await hosts.within(12_000, host.supervisor.shutdown())
    expect(hosts.clock.pending).toBe(0)
  })
})
