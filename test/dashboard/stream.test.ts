import { describe, expect, it } from 'vitest'
import type { EventPayloads } from '../../src/dashboard/payloads.js'
import { startServer } from '../server/setup.js'
import { settled, VirtualClock } from '../support/virtual-clock.js'
import { startDashboard } from './setup.js'

const virtual = () => new VirtualClock(Date.now())

/** Sends time on until the stream has the event. */
async function passing<T>(clock: VirtualClock, ms: number, found: Promise<T>): Promise<T> {
  await clock.advance(ms)
  return await found
}

describe('a reader that comes back', () => {
  it('gets what it missed and nothing else', async () => {
    const { listen, connected, supervisor } = await startDashboard()
    await connected('a')
    const page = await listen()
    await page.next('state')
    page.close()
    await supervisor.stop('a')
    const back = await listen('/events', { 'last-event-id': page.lastId })
    await back.next('changes', ({ rows }) => rows.some(({ runs }) => runs === 'no'))
    expect(back.events.map(({ name }) => name)).not.toContain('state')
    expect(new Set(back.events.map(({ id }) => id)).size).toBe(back.events.length)
  })

  it('gets what happened twice only once', async () => {
    const { listen, connected } = await startDashboard()
    const page = await listen()
    await connected('a')
    await page.next('changes', ({ counts }) => counts.byStatus.CONNECTED === 1)
    const seen = page.lastId
    const back = await listen(`/events?after=${seen}`)
    await connected('b', '628120005678')
    await back.next('changes', ({ counts }) => counts.byStatus.CONNECTED === 2)
    expect(back.events.every(({ id }) => Number(id.split('-')[1]) > Number(seen.split('-')[1]))).toBe(true)
  })

  it.each([
    ['of another process', '0123456789ab-1'],
    ['that is to come', null],
    ['that is none', 'x'],
  ])('gets everything with an id %s', async (_, id) => {
    const { listen } = await startDashboard()
    const page = await listen()
    await page.next('state')
    const life = page.lastId.split('-')[0]
    const back = await listen('/events', { 'last-event-id': id ?? `${life}-999` })
    expect((await back.next('state')).tenants).toEqual([])
  })

  it('gets everything when nobody read for a while', async () => {
    const clock = virtual()
    const { listen, hub } = await startDashboard({ clock })
    const page = await listen()
    await page.next('state')
    page.close()
    while (hub.readers > 0) await settled()
    await clock.advance(31_000)
    const back = await listen('/events', { 'last-event-id': page.lastId })
    await back.next('state')
  })

  it('turns to another tenant without the list', async () => {
    const { listen, connected } = await startDashboard()
    await connected('a')
    await connected('b', '628120005678')
    const page = await listen('/events?tenant=a')
    expect((await page.next('tenant')).tenantId).toBe('a')
    const other = await listen(`/events?tenant=b&after=${page.lastId}`)
    expect((await other.next('tenant')).tenantId).toBe('b')
    expect(other.events.map(({ name }) => name)).not.toContain('state')
  })

  it('gets the steps that it missed of the tenant that it watches', async () => {
    const { listen, connected, link } = await startDashboard()
    await connected('a')
    const page = await listen('/events?tenant=a')
    await page.next('tenant')
    page.close()
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const back = await listen('/events?tenant=a', { 'last-event-id': page.lastId })
    expect((await back.next('step')).steps[0]!.event).toBe('files.changed')
    expect(back.events.map(({ name }) => name)).not.toContain('tenant')
  })
})

describe('the list', () => {
  it('tells a tenant that changed a hundred times once, after 200 ms', async () => {
    const clock = virtual()
    const { listen, connected, link, supervisor } = await startDashboard({ clock })
    await connected('a')
    await connected('b', '628120005678')
    const page = await listen()
    await page.next('state')
    await clock.advance(400)
    const before = page.events.length
    const connection = await link.connection('a')
    for (let count = 0; count < 100; count++) {
      await connection.write(new Map([['session-1.0.json', JSON.stringify({ count })]]))
    }
    await supervisor.get('a')!.backupNow()
    await clock.advance(199)
    expect(page.events.length).toBe(before)
    const { rows, removed } = await passing(clock, 1, page.next('changes'))
    expect(rows.map(({ tenantId }) => tenantId)).toEqual(['a'])
    expect(removed).toEqual([])
    expect(page.events.length).toBe(before + 1)
  })

  it('tells of a tenant only what is not as it was told, and never how old a change is', async () => {
    const clock = virtual()
    const settings = { quietPeriodMs: 60_000, maxDirtyAgeMs: 60_000 }
    const { listen, connected, link } = await startDashboard({ clock, settings })
    await connected('a')
    await clock.advance(2_000)
    const page = await listen()
    const { tenants } = await page.next('state')
    expect(Object.keys(tenants[0]!)).not.toContain('unprotectedAgeMs')
    const connection = await link.connection('a')
    await connection.write(new Map([['session-1.0.json', '{"a":1}']]))
    const { rows } = await passing(clock, 200, page.next('changes'))
    const { tenantId, ...told } = rows[0]!
    expect(tenantId).toBe('a')
    expect(told).toMatchObject({ state: 'connected.dirty.settling', unprotectedChanges: 1 })
    const { state, unprotectedChanges, unprotectedSince, ...rest } = told
    expect(rest).toEqual({})
    expect(unprotectedSince).toMatch(/^\d{4}-.*Z$/)
    // As many changes as before, in the same state: the row is the same, however old they are by now.
    await clock.advance(1_000)
    const before = page.events.length
    await connection.write(new Map([['session-1.0.json', '{"a":2}']]))
    await clock.advance(400)
    expect(page.events.length).toBe(before)
  })

  it('gives who comes later what those before were told in pieces', async () => {
    const { listen, connected, supervisor } = await startDashboard()
    const page = await listen()
    await page.next('state')
    const rows = new Map<string, object>()
    const apply = ({ rows: changes, removed }: EventPayloads['changes']) => {
      for (const change of changes) rows.set(change.tenantId, { ...rows.get(change.tenantId), ...change })
      for (const tenantId of removed) rows.delete(tenantId)
    }
    await connected('a')
    await connected('b', '628120005678')
    await supervisor.get('a')!.backupNow()
    await supervisor.stop('b')
    await page.next('changes', (changes) => {
      apply(changes)
      return changes.rows.some(({ runs }) => runs === 'no')
    })
    const later = await listen()
    const { tenants } = await later.next('state')
    // What was flushed for the one that came later, the first was told too.
    while (page.events.at(-1)!.id.split('-')[1]! < later.lastId.split('-')[1]!) await settled()
    for (const { name, data } of page.events.slice(1))
      if (name === 'changes') apply(data as EventPayloads['changes'])
    expect([...rows.values()]).toEqual(expect.arrayContaining([...tenants]))
    expect(rows.size).toBe(2)
  })

  it('says nothing while nothing changes', async () => {
    const clock = virtual()
    const { listen, connected, link } = await startDashboard({ clock })
    await connected('a')
    const page = await listen()
    await page.next('state')
    await clock.advance(1_000)
    const before = page.events.length
    ;(await link.connection('a')).code('qr', 'refused, since it is connected')
    for (let round = 0; round < 4; round++) await clock.advance(5_000)
    expect(page.events.length - before).toBeLessThanOrEqual(1)
  })

  it('sees tenants of other hosts within five seconds, and asks the registry only while somebody reads', async () => {
    const clock = virtual()
    const there = await startServer()
    let reads = 0
    const list = there.registry.list.bind(there.registry)
    const { listen, hub } = await startDashboard({ clock, store: there.store, registry: there.registry })
    there.registry.list = (filter) => {
      reads += 1
      return list(filter)
    }
    await clock.advance(6_000)
    expect(reads).toBe(0)
    const page = await listen()
    expect((await page.next('state')).tenants).toEqual([])
    await there.connected('a')
    const { rows } = await passing(clock, 5_000, page.next('changes'))
    expect(rows).toMatchObject([{ tenantId: 'a', runs: 'elsewhere' }])
    page.close()
    while (hub.readers > 0) await settled()
    await clock.advance(31_000)
    reads = 0
    await clock.advance(60_000)
    expect(reads).toBe(0)
  })

  it('tells that the registry does not answer, and goes on with this host', async () => {
    const clock = virtual()
    const { listen, connected, registry } = await startDashboard({ clock })
    await connected('a')
    const page = await listen()
    expect((await page.next('state')).registry).toBe('ok')
    registry.list = () => Promise.reject(new Error('away'))
    await clock.advance(5_000)
    const changes = await page.next('changes', (each) => each.registry === 'unavailable')
    expect(changes.counts.total).toBe(1)
  })
})

describe('a stream', () => {
  it('is kept open by a comment every 15 seconds', async () => {
    const clock = virtual()
    const { listen } = await startDashboard({ clock })
    const page = await listen()
    await page.next('state')
    const before = page.comments.length
    for (let round = 0; round < 3; round++) await clock.advance(15_000)
    while (page.comments.length < before + 3) await settled()
    expect(page.headers['content-type']).toBe('text/event-stream')
    expect(page.headers['cache-control']).toContain('no-store')
  })

  it('of a reader that takes nothing is cut off, the others go on', async () => {
    const clock = virtual()
    const { listen, hub, timeline } = await startDashboard({ clock })
    const slow = await listen('/events?tenant=a')
    const other = await listen('/events?tenant=b')
    await slow.next('tenant')
    await other.next('tenant')
    slow.pause()
    const detail = { filler: 'x'.repeat(20_000) }
    for (let round = 0; round < 2_000 && hub.readers > 1; round++) {
      timeline.add('a', { kind: 'fact', level: 'info', name: 'filler', text: '', detail })
      await clock.advance(200)
    }
    expect(hub.readers).toBe(1)
    timeline.add('b', { kind: 'fact', level: 'info', name: 'goes.on', text: '', detail: {} })
    const { entries } = await passing(clock, 200, other.next('timeline'))
    expect(entries[0]!.name).toBe('goes.on')
  })

  it('is refused when there are too many', async () => {
    const { listen, ask, hub } = await startDashboard()
    for (let count = 0; count < 64; count++) await listen()
    expect(hub.readers).toBe(64)
    const refused = await ask('/events')
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'tooManyRequests' } } })
  })

  it('leaves nothing watched when it is closed, and ends with the server', async () => {
    const clock = virtual()
    const { listen, hub, api, connected } = await startDashboard({ clock })
    await connected('a')
    const page = await listen('/events?tenant=a')
    const stays = await listen('/events')
    await page.next('tenant')
    expect(hub.watched).toBe(1)
    page.close()
    while (hub.readers > 1) await settled()
    await clock.advance(15_000)
    expect(hub.watched).toBe(0)
    await api.close({ graceMs: 1_000 })
    expect(await stays.next('bye')).toEqual({ reason: 'shutdown' })
    await stays.ended()
    expect(hub.readers).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('has no body for who asks for the head only', async () => {
    const { ask, hub } = await startDashboard()
    expect((await ask('/events', { method: 'HEAD' })).status).toBe(200)
    expect(hub.readers).toBe(0)
  })
})

describe('a watched tenant', () => {
  it('is told anew when its session ends and when the next one begins', async () => {
    const { listen, connected, supervisor } = await startDashboard()
    await connected('a')
    const page = await listen('/events?tenant=a')
    expect((await page.next('tenant')).machines).toHaveLength(2)
    await supervisor.stop('a')
    const ended = await page.next('tenant', ({ machines }) => machines.length === 0)
    expect(ended).toMatchObject({ counters: null, row: { runs: 'no', endReason: 'stopped' } })
    await supervisor.start('a')
    const { steps } = await page.next('step')
    const begun = steps.filter(({ event }) => event === 'xstate.init').map(({ machine }) => machine)
    expect(begun.sort()).toEqual(['link', 'tenant'])
    expect((await page.next('tenant')).machines).toHaveLength(2)
  })

  it('that there is not is told as such', async () => {
    const { listen } = await startDashboard()
    const page = await listen('/events?tenant=nobody')
    expect(await page.next('tenant')).toMatchObject({ tenantId: 'nobody', row: null, machines: [] })
    expect((await listen('/events?tenant=..%2Fx')).status).toBe(400)
  })

  it('shows events that were not handled', async () => {
    const { listen, connected } = await startDashboard()
    const session = await connected('a')
    const page = await listen('/events?tenant=a')
    await page.next('tenant')
    const { actor } = session as unknown as { actor: { send(event: { type: string }): void } }
    actor.send({ type: 'nobody.knows' })
    const { steps } = await page.next('step')
    expect(steps).toMatchObject([{ event: 'nobody.knows', edges: [], handled: false }])
  })
})
