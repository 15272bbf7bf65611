import { describe, expect, it } from 'vitest'
import { startDashboard } from './setup.js'

describe('the stream of events', () => {
  it('begins with every tenant, and goes on with what changes', async () => {
    const { listen, connected, supervisor } = await startDashboard()
    await connected('a')
    const page = await listen()
    expect(page.status).toBe(200)
    const state = await page.next('state')
    expect(state).toMatchObject({
      registry: 'ok',
      host: supervisor.hostId.slice(0, 8),
      counts: { total: 1, byStatus: { CONNECTED: 1 }, running: 1, unprotected: 0 },
      tenants: [{ tenantId: 'a', status: 'CONNECTED', runs: 'here', phoneNumber: '********1234' }],
    })
    await connected('b', '628120005678')
    await page.next('changes', ({ rows }) =>
      rows.some(({ tenantId, status }) => tenantId === 'b' && status === 'CONNECTED'),
    )
  })

  it('tells the steps of the machines of a tenant that is watched', async () => {
    const { listen, connected, link } = await startDashboard()
    await connected('a')
    const page = await listen('/events?tenant=a')
    const detail = await page.next('tenant')
    expect(detail).toMatchObject({
      row: { tenantId: 'a', status: 'CONNECTED' },
      machines: [
        {
          machine: 'tenant',
          states: ['connected', 'connected.clean'],
          actors: [{ id: 'link', isActive: true }],
        },
        { machine: 'link', states: ['online', 'online.opened'] },
      ],
      counters: { changeSeq: 1, savedSeq: 1 },
    })
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const { entries } = await page.next('timeline')
    expect(entries).toMatchObject([{ kind: 'fact', name: 'generation.committed', detail: { seq: 2 } }])
    const { steps } = await page.next('step')
    expect(steps[0]).toMatchObject({
      machine: 'tenant',
      event: 'files.changed',
      edges: ['tenant:connected.clean|files.changed|1'],
      states: ['connected', 'connected.dirty', 'connected.dirty.settling'],
      handled: true,
    })
  })
})
