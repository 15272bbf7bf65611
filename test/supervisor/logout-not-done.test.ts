import { describe, expect, it } from 'vitest'
import { VirtualHosts } from '../support/virtual-hosts.js'

/** A host with a tenant that is paired, backed up and stopped. */
async function stoppedTenant() {
  const hosts = new VirtualHosts()
  const host = await hosts.start()
  await host.supervisor.start('tenant')
  await hosts.clock.advance(100)
  const connection = await host.link.connection('tenant')
  await hosts.within(1_000, connection.pair('628120000001'))
  await hosts.within(5_000, host.supervisor.stop('tenant'))
  return { hosts, ...host }
}

/** WhatsApp answers every connection with this code. */
function answering(link: { connect: unknown }, code: number): void {
  const connect = link.connect as (request: unknown) => { close(code: number): void }
  link.connect = (request: unknown) => {
    const connection = connect.call(link, request)
    queueMicrotask(() => connection.close(code))
    return connection
  }
}

// Found by hand: a logout in whose middle the server was stopped was called done.
describe('a logout whose session ends in another way', () => {
  it('says so, and deletes nothing: the account is banned', async () => {
    const { hosts, supervisor, link } = await stoppedTenant()
    const before = await hosts.store.list('tenant/')
    answering(link, 403)
    const refused = expect(supervisor.logout('tenant')).rejects.toMatchObject({
      code: 'ended',
      message: expect.stringMatching(/was not logged out.*banned.*Nothing was deleted/),
    })
    await hosts.clock.advance(10_000)
    await refused
    expect(before).not.toEqual([])
    expect(await hosts.store.list('tenant/')).toEqual(before)
  })

  it('deletes it all the same when that is forced', async () => {
    const { hosts, supervisor, link, disk } = await stoppedTenant()
    answering(link, 403)
    const result = await hosts.within(60_000, supervisor.logout('tenant', { force: true }))
    // The phone still has the device: a person must be told.
    expect(result).toMatchObject({ reason: 'deleted', lastError: 'notUnlinked' })
    expect(await hosts.store.list('tenant/')).toEqual([])
    expect([...disk.files('/sessions').keys()].filter((path) => path.includes('tenant'))).toEqual([])
  })

  it('says so, and deletes nothing: the process is shut down before WhatsApp answers', async () => {
    const { hosts, supervisor } = await stoppedTenant()
    const before = await hosts.store.list('tenant/')
    const refused = expect(supervisor.logout('tenant')).rejects.toMatchObject({ code: 'ended' })
    await hosts.clock.advance(1_000)
    await hosts.within(10_000, supervisor.shutdown())
    await refused
    expect(await hosts.store.list('tenant/')).toEqual(before)
  })

  it('says so of a session that is over already', async () => {
    const { supervisor } = await stoppedTenant()
    await expect(supervisor.get('tenant')!.logout()).rejects.toMatchObject({ code: 'ended' })
  })
})
