import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  type Clock,
  memoryRegistry,
  memoryStore,
  type ObjectStore,
  type Registry,
  SessionError,
  systemClock,
} from '../../src/index.js'
import { createHttpServer, type TenantView } from '../../src/server/index.js'
import { startServer } from './setup.js'

/** Like `inner`, but `broken` methods do what they are told while it is switched on. */
function breakable<T extends object>(inner: T, methods: (keyof T)[], how: () => Promise<never>) {
  const state = { isBroken: false, calls: 0 }
  const proxy = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        if (methods.includes(name as keyof T)) state.calls += 1
        return state.isBroken && methods.includes(name as keyof T) ? how() : value.apply(target, given)
      }
    },
  })
  return { proxy, state }
}

const down = () => Promise.reject(new SessionError('unavailable', 'It is down; try again later.'))
const hung = () => new Promise<never>(() => {})

describe('health', () => {
  it('is alive and ready', async () => {
    const { ask } = await startServer()
    expect(await ask('/healthz')).toMatchObject({ status: 200, json: { alive: true } })
    expect(await ask('/readyz')).toMatchObject({ status: 200, json: { ready: true, reasons: [] } })
    expect((await ask('/healthz', { method: 'HEAD' })).status).toBe(200)
  })

  it('is not ready while the store fails, and ready again a few seconds after it works', async () => {
    let passedMs = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + passedMs }
    const { proxy: store, state } = breakable<ObjectStore>(memoryStore(), ['check'], down)
    const { ask } = await startServer({ store, clock })
    state.isBroken = true
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      json: { ready: false, reasons: ['store: unavailable'] },
    })
    state.isBroken = false
    expect((await ask('/readyz')).status).toBe(503)
    passedMs = 10_000
    expect((await ask('/readyz')).status).toBe(200)
  })

  it('asks the parts once for many questions', async () => {
    const { proxy: store, state } = breakable<ObjectStore>(memoryStore(), ['check'], down)
    const { ask } = await startServer({ store })
    const before = state.calls
    await Promise.all(Array.from({ length: 10 }, () => ask('/readyz')))
    expect(state.calls - before).toBe(1)
  })

  it('does not hang when a part does, and does not ask it again meanwhile', async () => {
    const { proxy: registry, state } = breakable<Registry>(
      memoryRegistry({ clock: systemClock }),
      ['read'],
      hung,
    )
    const { clock, fireAll } = impatientClock()
    const { ask } = await startServer({ registry, clock })
    state.isBroken = true
    const before = state.calls
    for (let round = 0; round < 2; round++) {
      const asked = ask('/readyz')
      await fireAll()
      expect(await asked).toMatchObject({ status: 503, json: { reasons: ['registry: no answer'] } })
    }
    expect(state.calls - before).toBe(1)
  })

  it('is not ready from the moment a shutdown begins, but alive', async () => {
    const { ask, supervisor } = await startServer()
    const down = supervisor.shutdown()
    expect(await ask('/readyz')).toMatchObject({ status: 503, json: { reasons: ['shutting down'] } })
    expect((await ask('/healthz')).status).toBe(200)
    await down
    expect((await ask('/tenants', { method: 'POST', body: { tenantId: 'a' } })).status).toBe(503)
  })

  it('sums the sessions up: in all, backed up, in need of a backup, the oldest backup', async () => {
    const { ask, connected, supervisor, link } = await startServer()
    await connected('a', '628120000001')
    await connected('b', '628120000002')
    await supervisor.start('c')
    ;(await link.connection('c')).code('qr', 'a code')
    const { json } = await ask('/health/sessions')
    expect(json).toMatchObject({ total: 3, backed_up: 2, needs_backup: 0, registry: 'ok' })
    const times = json.sessions.map((each: TenantView) => each.lastBackupAt).filter(Boolean)
    expect(json.oldest_backup).toBe(times.sort()[0])
    expect(json.sessions.map((each: TenantView) => [each.tenantId, each.status])).toEqual([
      ['a', 'CONNECTED'],
      ['b', 'CONNECTED'],
      ['c', 'PAIRING'],
    ])
    expect(Object.keys(json.sessions[0]).sort()).toEqual([
      'generation',
      'lastBackupAt',
      'lastError',
      'link',
      'state',
      'status',
      'tenantId',
      'unprotectedAgeMs',
      'unprotectedChanges',
    ])
  })

  it('goes on telling of its own sessions when the registry is down', async () => {
    const { proxy: registry, state } = breakable<Registry>(
      memoryRegistry({ clock: systemClock }),
      ['list', 'read'],
      down,
    )
    const { ask, connected } = await startServer({ registry })
    await connected('a')
    state.isBroken = true
    const { status, json } = await ask('/health/sessions')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      total: 1,
      registry: 'unavailable',
      sessions: [{ tenantId: 'a', link: 'open' }],
    })
    expect((await ask('/tenants/a')).status).toBe(200)
    expect((await ask('/tenants/other')).status).toBe(503)
  })
})

describe('the server', () => {
  it('says that a port is taken', async () => {
    const { supervisor, port } = await startServer()
    const second = createHttpServer(supervisor, { port })
    await expect(second.listen()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`Port ${port} of 127.0.0.1 is taken`),
    })
    await second.close()
  })

  it('says that an address is not of this machine', async () => {
    const { supervisor } = await startServer()
    const server = createHttpServer(supervisor, {
      host: '192.0.2.1',
      port: 0,
      token: 'a-token-of-some-length',
    })
    await expect(server.listen()).rejects.toMatchObject({ code: 'invalid' })
    await server.close()
  })

  it('answers bytes that are not HTTP with 400 and goes on', async () => {
    const { port, ask } = await startServer()
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.write('not HTTP at all\r\n\r\n')
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect((await ask('/healthz')).status).toBe(200)
  })

  it('survives a client that goes away in the middle of its request', async () => {
    const { port, ask } = await startServer()
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(
      'POST /tenants HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{',
    )
    expect((await ask('/healthz')).status).toBe(200)
    socket.destroy()
    await once(socket, 'close')
    expect((await ask('/healthz')).status).toBe(200)
  })

  it('leaves no connection and no listener when it closes, with clients that hold on', async () => {
    const { api, port, supervisor } = await startServer()
    const idle = connect(port, '127.0.0.1')
    await once(idle, 'connect')
    await api.close({ graceMs: 0 })
    if (!idle.closed) await once(idle, 'close')
    expect(api.server.listening).toBe(false)
    const again = createHttpServer(supervisor, { port })
    expect(await again.listen()).toMatchObject({ port })
    await again.close()
  })

  it('lets a running request end before it closes', async () => {
    let finish = () => {}
    const handled = new Promise<void>((resolve) => {
      finish = resolve
    })
    let begun = () => {}
    const isHandling = new Promise<void>((resolve) => {
      begun = resolve
    })
    const handle = async () => {
      begun()
      await handled
      return { status: 200, json: { done: true } }
    }
    const { api, ask } = await startServer({ routes: [{ method: 'GET', path: '/slow', handle }] })
    const asked = ask('/slow')
    await isHandling
    const closed = api.close({ graceMs: 20_000 })
    finish()
    expect((await asked).json).toEqual({ done: true })
    await closed
  })
})

/** Timers fire when the test says so, all at once. */
function impatientClock() {
  const timers = new Map<object, () => void>()
  const clock: Clock = {
    now: () => Date.now(),
    setTimeout(run) {
      const id = {}
      timers.set(id, run)
      wake()
      return id
    },
    clearTimeout(id) {
      timers.delete(id as object)
      wake()
    },
  }
  let wake = () => {}
  const fireAll = async () => {
    // The part that answers has no timer any longer.
    while (timers.size !== 1) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    for (const [id, run] of [...timers]) {
      timers.delete(id)
      run()
    }
  }
  return { clock, fireAll }
}
