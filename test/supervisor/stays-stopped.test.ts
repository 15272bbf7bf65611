import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

/** Two hosts that both have the tenant to run: the first has it, the second waits for its lease. */
async function ownerAndWaiting() {
  const hosts = new VirtualHosts()
  const owner = await hosts.start()
  await owner.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await owner.link.connection('tenant')
  await hosts.within(1_000, connection.pair('628120000001'))
  const waiting = await hosts.start({ dice: 0.02 })
  await waiting.supervisor.start('tenant')
  await hosts.clock.advance(3_000)
  expect(waiting.supervisor.get('tenant')!.lastError).toBe('leased')
  return { hosts, owner, waiting, connection }
}

// Found by the simulation: a host that waited for the lease showed a code to nobody, for a tenant that had been ended.
describe('a tenant that ends while another host waits for its lease', () => {
  it('stays stopped there when the phone has logged it out', async () => {
    const { hosts, waiting, connection } = await ownerAndWaiting()
    connection.close(401)
    await hosts.clock.advance(20_000)
    expect((await hosts.rows.read('tenant'))!.desiredState).toBe('stopped')
    expect(waiting.supervisor.get('tenant')!.result).toMatchObject({ reason: 'stopped' })
    expect(waiting.link.connections).toHaveLength(0)
  })

  it('stays stopped there when somebody has stopped it', async () => {
    const { hosts, owner, waiting } = await ownerAndWaiting()
    await hosts.within(20_000, owner.supervisor.stop('tenant'))
    expect(waiting.supervisor.get('tenant')!.result).toMatchObject({ reason: 'stopped' })
    expect(waiting.link.connections).toHaveLength(0)
  })

  it('is taken over when its host only shuts down', async () => {
    const { hosts, owner, waiting } = await ownerAndWaiting()
    await hosts.within(20_000, owner.supervisor.shutdown())
    expect(waiting.link.connections).toHaveLength(1)
    await hosts.within(15_000, waiting.supervisor.shutdown())
  })
})

// Found by the simulation: such leases kept every other host waiting until they expired.
describe('a shutdown', () => {
  it('gives back a lease that is given while it stops', async () => {
    const hosts = new VirtualHosts()
    const host = await hosts.start()
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    hosts.delay = (operation) => (operation === 'acquire' ? held : Promise.resolve())
    await host.supervisor.start('tenant')
    await hosts.clock.advance(50)
    let over = false
    const down = host.supervisor.shutdown().then(() => {
      over = true
    })
    await hosts.clock.advance(1_000)
    expect(over).toBe(false)
    answer()
    await hosts.within(1_000, down)
    expect((await hosts.rows.read('tenant'))!.lease).toMatchObject({ expiresAt: 0 })
    expect(hosts.clock.pending).toBe(0)
  })

  it('gives back the lease of a session that ended before it could be given back', async () => {
    const { hosts, owner, waiting, connection } = await ownerAndWaiting()
    await hosts.within(5_000, waiting.supervisor.shutdown())
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    hosts.delay = (operation) => (operation === 'setDesired' ? held : Promise.resolve())
    connection.close(401)
    await hosts.clock.advance(5_000)
    expect(owner.supervisor.get('tenant')!.result).toMatchObject({ reason: 'loggedOut' })
    let over = false
    const down = owner.supervisor.shutdown().then(() => {
      over = true
    })
    await hosts.clock.advance(1_000)
    expect(over).toBe(false)
    answer()
    await hosts.within(1_000, down)
    expect((await hosts.rows.read('tenant'))!.lease).toMatchObject({ expiresAt: 0 })
    expect(hosts.clock.pending).toBe(0)
  })

  it('does not wait for ever', async () => {
    const hosts = new VirtualHosts()
    const host = await hosts.start()
    hosts.delay = (operation) => (operation === 'acquire' ? new Promise(() => {}) : Promise.resolve())
    await host.supervisor.start('tenant')
    await hosts.clock.advance(50)
    await hosts.within(11_000, host.supervisor.shutdown())
  })
})
