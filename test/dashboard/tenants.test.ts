import { describe, expect, it } from 'vitest'
import type { GenerationsPayload } from '../../src/dashboard/payloads.js'
import { memoryStore, SessionError } from '../../src/index.js'
import { startServer } from '../server/setup.js'
import { startDashboard } from './setup.js'

const page = { 'sec-fetch-site': 'same-origin' }

describe('what the dashboard tells of a tenant', () => {
  it('lists tenants by a text in their id, status or state', async () => {
    const { ask, connected, supervisor } = await startDashboard()
    await connected('shop-1')
    await supervisor.start('bakery')
    const ids = async (filter: string) =>
      (await ask(`/tenants?filter=${filter}`)).json.tenants.map(
        ({ tenantId }: { tenantId: string }) => tenantId,
      )
    expect(await ids('SHOP')).toEqual(['shop-1'])
    expect(await ids('connected')).toEqual(['shop-1'])
    expect(await ids('nothing')).toEqual([])
    expect(await ids('')).toEqual(['bakery', 'shop-1'])
  })

  it('draws a QR code, and nobody but who waits to be paired has one', async () => {
    const { ask, supervisor, link } = await startDashboard()
    await supervisor.start('a')
    const connection = await link.connection('a')
    connection.code('qr', 'a code that is put into a QR')
    const { json } = await ask('/tenants/a/code')
    expect(json).toMatchObject({ kind: 'qr', code: 'a code that is put into a QR', size: 25 })
    expect(json.modules).toMatch(/^[01]{625}$/)
    // The finder pattern of a corner.
    expect(json.modules.slice(0, 8)).toBe('11111110')
    expect(json.modules.slice(25, 33)).toBe('10000010')
    await connection.pair('628120001234')
    await supervisor.get('a')!.waitFor('connected')
    expect((await ask('/tenants/a/code')).status).toBe(404)
  })

  it('keeps a timeline of facts, states and what was asked for', async () => {
    const { ask, connected } = await startDashboard()
    await connected('a')
    await ask('/tenants/a/stop', { method: 'POST' })
    const { json } = await ask('/tenants/a/timeline')
    const names = json.entries.map(({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`)
    expect(names).toEqual([
      'state RESTORING',
      'fact lease.acquired',
      'state PAIRING',
      'state CONNECTED',
      'fact generation.committed',
      'fact link.closed',
      'state DISCONNECTED',
      'state DISCONNECTED',
      'action stop',
    ])
    expect((await ask('/tenants/nobody/timeline')).status).toBe(404)
  })

  it('puts into the timeline what failed and what to do', async () => {
    const { ask, connected, supervisor } = await startDashboard()
    await connected('a')
    await supervisor.stop('a')
    expect((await ask('/tenants/a/backup', { method: 'POST' })).status).toBe(409)
    const { json } = await ask('/tenants/a/timeline')
    expect(json.entries.at(-1)).toMatchObject({
      kind: 'action',
      level: 'error',
      name: 'backup',
      text: expect.stringMatching(/start it first/),
      detail: { code: 'ended' },
    })
  })

  it('lists backups from their names, a hundred at a time, and opens none', async () => {
    const store = memoryStore()
    let downloads = 0
    const get = store.get.bind(store)
    store.get = (key) => {
      downloads += 1
      return get(key)
    }
    const { ask, connected, link } = await startDashboard({ store })
    const session = await connected('a')
    const connection = await link.connection('a')
    for (let count = 0; count < 120; count++) {
      await connection.write(new Map([['session-1.0.json', JSON.stringify({ count })]]))
      await session.backupNow()
    }
    downloads = 0
    const first = (await ask('/tenants/a/generations')).json
    expect(first.generations).toHaveLength(100)
    expect(first.generations[0]).toMatchObject({
      seq: session.generation,
      isHead: true,
      isInHeadChain: true,
      changes: 1,
    })
    expect(first.generations[0].bytes).toBeGreaterThan(0)
    expect(first.next).toBe(first.generations[99].seq)
    const second = (await ask(`/tenants/a/generations?before=${first.next}`)).json
    expect(second.next).toBeNull()
    const all = [...first.generations, ...second.generations].map(({ seq }) => seq)
    expect(all).toEqual(Array.from({ length: session.generation }, (_, index) => session.generation - index))
    expect(first.total.generations).toBe(session.generation)
    expect(JSON.stringify([first, second])).not.toMatch(/creds|\.json|session-1/)
    expect(downloads).toBe(0)
    expect((await ask('/tenants/a/generations?before=x')).status).toBe(400)
  })

  it('counts their files when it is asked to, a few downloads at a time, each generation once', async () => {
    const store = memoryStore()
    const there = await startServer({ store })
    const session = await there.connected('a')
    const connection = await there.link.connection('a')
    for (let count = 0; count < 30; count++) {
      const names = ['session-1.0.json', ...(count % 2 === 0 ? ['session-2.0.json'] : [])]
      await connection.write(new Map(names.map((name) => [name, JSON.stringify({ count })])))
      await session.backupNow()
    }
    // Another process, which made none of them.
    const { ask } = await startDashboard({ store, registry: there.registry })
    let [downloads, running, most] = [0, 0, 0]
    const get = store.get.bind(store)
    store.get = async (key) => {
      downloads += 1
      running += 1
      most = Math.max(most, running)
      return await get(key).finally(() => {
        running -= 1
      })
    }
    const counted = async (query: string) => {
      const { generations } = (await ask(`/tenants/a/generations${query}`)).json as GenerationsPayload
      return generations.filter(({ changes, files }) => changes !== null && files !== null)
    }
    expect(await counted('')).toEqual([])
    expect(downloads).toBe(0)
    const first = await counted('?count=files')
    expect(first).toHaveLength(24)
    expect([downloads, most <= 4]).toEqual([24, true])
    expect(new Set(first.map(({ changes }) => changes))).toEqual(new Set([1, 2]))
    const all = await counted('?count=files')
    expect(all).toHaveLength(session.generation)
    const [snapshot] = all.filter(({ kind }) => kind === 'snapshot')
    expect(snapshot!.changes).toBe(snapshot!.files)
    // What is known is told without being asked for, and nothing is downloaded twice.
    expect(await counted('')).toHaveLength(session.generation)
    await ask('/tenants/a/generations?count=files')
    expect(downloads).toBe(session.generation)
  })

  it('passes over what cannot be counted: a damaged one for good, one of a store that is away until it is back', async () => {
    const store = memoryStore()
    const { ask, connected } = await startDashboard({ store })
    await connected('a')
    const get = store.get.bind(store)
    const all = async () => {
      const answer = await ask('/tenants/a/generations?count=files')
      expect(answer.status).toBe(200)
      return (answer.json as GenerationsPayload).generations
    }
    store.get = () => Promise.reject(new SessionError('unavailable', 'away'))
    const known = (await all()).length
    let downloads = 0
    store.get = async (key) => {
      downloads += 1
      return (await get(key)).slice(0, -1)
    }
    expect(await all()).toHaveLength(known)
    expect(downloads).toBeGreaterThan(0)
    downloads = 0
    store.get = (key) => {
      downloads += 1
      return get(key)
    }
    await all()
    expect(downloads).toBe(0)
  })

  it('lets few look at backups at once, so that the store has time for backups', async () => {
    const store = memoryStore()
    const list = store.list.bind(store)
    let release = () => {}
    const { ask, connected } = await startDashboard({ store })
    await connected('a')
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let waiting = 0
    let allWait = () => {}
    const four = new Promise<void>((resolve) => {
      allWait = resolve
    })
    store.list = async (prefix) => {
      waiting += 1
      if (waiting === 4) allWait()
      await held
      return list(prefix)
    }
    const asked = Array.from({ length: 4 }, () => ask('/tenants/a/generations'))
    await four
    expect(await ask('/tenants/a/generations')).toMatchObject({
      status: 503,
      json: { error: { code: 'unavailable' } },
    })
    release()
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200)
    expect((await ask('/tenants/a/generations')).status).toBe(200)
  })
})

describe('a logout from the page', () => {
  it('is told what it deletes, and asks to be confirmed with the name', async () => {
    const { ask, connected, supervisor } = await startDashboard()
    await connected('a')
    const preview = (await ask('/tenants/a/logout-preview')).json
    expect(preview).toMatchObject({
      tenantId: 'a',
      device: 'linked',
      phoneNumber: '********1234',
      generations: 1,
      objects: 1,
      localFiles: 1,
      problem: null,
    })
    expect(preview.bytes).toBeGreaterThan(0)
    for (const body of [{}, { confirm: 'b' }, { confirm: true }, { force: true }]) {
      const refused = await ask('/tenants/a/logout', { method: 'POST', headers: page, body })
      expect(refused).toMatchObject({
        status: 400,
        json: { error: { message: expect.stringContaining('"confirm": "a"') } },
      })
    }
    expect(supervisor.get('a')!.status).toBe('CONNECTED')
    const done = await ask('/tenants/a/logout', { method: 'POST', headers: page, body: { confirm: 'a' } })
    expect(done).toMatchObject({ status: 200, json: { status: 'LOGGED_OUT', generation: 0 } })
    expect((await ask('/tenants/a/logout-preview')).json).toMatchObject({
      device: 'notLinked',
      generations: 0,
      bytes: 0,
      localFiles: 0,
    })
  })

  it('is done at once for a program, which has asked by itself', async () => {
    const { ask, connected } = await startDashboard()
    await connected('a')
    const wrong = await ask('/tenants/a/logout', { method: 'POST', body: { confirm: 'b' } })
    expect(wrong.status).toBe(400)
    expect((await ask('/tenants/a/logout', { method: 'POST' })).json.status).toBe('LOGGED_OUT')
  })
})

describe('a tenant that another host runs', () => {
  it('can be stopped from here; for the rest its host is named', async () => {
    const there = await startServer()
    const session = await there.connected('a')
    const here = await startDashboard({ store: there.store, registry: there.registry })
    const host = there.supervisor.hostId.slice(0, 8)
    const stream = await here.listen('/events?tenant=a')
    expect((await stream.next('state')).tenants).toMatchObject([{ tenantId: 'a', runs: 'elsewhere', host }])
    expect(await stream.next('tenant')).toMatchObject({ machines: [], counters: null, row: { host } })
    for (const verb of ['start', 'backup', 'audit', 'logout']) {
      const refused = await here.ask(`/tenants/a/${verb}`, { method: 'POST' })
      expect(refused).toMatchObject({
        status: 409,
        json: { error: { code: 'leased', message: expect.stringContaining(`on host ${host}`) } },
      })
    }
    const added = await here.ask('/tenants', { method: 'POST', body: { tenantId: 'a' } })
    expect(added.json.error.code).toBe('leased')
    expect((await here.ask('/tenants/a/logout-preview')).json.problem).toContain(host)
    expect(here.supervisor.sessions.size).toBe(0)
    expect((await here.ask('/tenants/a/stop', { method: 'POST' })).status).toBe(200)
    expect(await there.registry.read('a')).toMatchObject({ desiredState: 'stopped' })
    await session.stop()
  })
})

describe('the machines', () => {
  it.each(['tenant', 'link'])('%s has a chart', async (name) => {
    const { ask } = await startDashboard()
    const { status, json } = await ask(`/machines/${name}`)
    expect(status).toBe(200)
    expect(JSON.stringify(json)).toContain(
      name === 'tenant' ? 'tenant:connected.clean|files.changed|1' : 'link:idle|',
    )
    expect((await ask('/machines/other')).status).toBe(404)
  })
})
