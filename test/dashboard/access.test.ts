import { describe, expect, it } from 'vitest'
import { bearer, startDashboard, token } from './setup.js'

/** Every route there is. One that is new, or gone, fails here until somebody has said who may use it. */
const table: Readonly<Record<string, 'open' | 'closed'>> = {
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /health/sessions': 'closed',
  'GET /tenants': 'closed',
  'POST /tenants': 'closed',
  'GET /tenants/:id': 'closed',
  'GET /tenants/:id/code': 'closed',
  'POST /tenants/:id/start': 'closed',
  'POST /tenants/:id/stop': 'closed',
  'POST /tenants/:id/backup': 'closed',
  'POST /tenants/:id/audit': 'closed',
  'POST /tenants/:id/logout': 'closed',
  'GET /': 'open',
  'GET /assets/:file': 'open',
  'GET /session': 'open',
  'POST /session': 'open',
  'POST /session/end': 'closed',
  'GET /tenants/:id/timeline': 'closed',
  'GET /tenants/:id/generations': 'closed',
  'GET /tenants/:id/logout-preview': 'closed',
  'GET /machines/:name': 'closed',
  'GET /events': 'closed',
}
const closed = Object.keys(table).filter((route) => table[route] === 'closed')

describe('every route', () => {
  const start = async () => {
    const server = await startDashboard({ token })
    await server.connected('a')
    return server
  }

  it('has an entry in the table', async () => {
    const server = await start()
    const there = server.api.routes.map(({ method, path }) => `${method} ${path}`)
    expect(there.sort()).toEqual(Object.keys(table).sort())
    const open = server.api.routes
      .filter(({ isOpen }) => isOpen)
      .map(({ method, path }) => `${method} ${path}`)
    expect(open.sort()).toEqual(
      Object.keys(table)
        .filter((route) => table[route] === 'open')
        .sort(),
    )
  })

  it.each(closed)('%s refuses whoever has no token, a wrong one, or a cookie that is none', async (route) => {
    const server = await start()
    const [method, path] = route.split(' ') as [string, string]
    const target = path.replace(':id', 'a').replace(':name', 'tenant.svg')
    const cookie = `session-supervisor-${server.port}=${'x'.repeat(43)}`
    for (const headers of [
      {},
      { cookie },
      { authorization: `Basic ${token}` },
      { cookie: `token=${token}` },
    ]) {
      const answer = await server.ask(target, { method, headers: headers as Record<string, string> })
      expect(answer).toMatchObject({ status: 401, json: { error: { code: 'unauthorized' } } })
    }
    expect(server.supervisor.get('a')!.result).toBeNull()
    expect(server.hub.readers).toBe(0)
  })

  it.each(Object.keys(table))('%s refuses a name that leads here by a trick', async (route) => {
    const server = await start()
    const [method, path] = route.split(' ') as [string, string]
    const target = path.replace(':id', 'a').replace(':name', 'x').replace(':file', 'style.css')
    const answer = await server.ask(target, { method, headers: { ...bearer, host: 'evil.example' } })
    expect(answer.status).toBe(403)
  })

  it.each(closed)('%s refuses pages of other sites, though they have the token', async (route) => {
    const server = await start()
    const [method, path] = route.split(' ') as [string, string]
    const target = path.replace(':id', 'a').replace(':name', 'x')
    for (const foreign of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await server.ask(target, { method, headers: { ...bearer, ...foreign } as never })
      expect(answer.status).toBe(403)
    }
    expect(server.supervisor.get('a')!.result).toBeNull()
  })
})
