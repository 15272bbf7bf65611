import { describe, expect, it } from 'vitest'
import { type Clock, memoryStore, systemClock } from '../../src/index.js'
import { createHttpServer } from '../../src/server/index.js'
import { type Ask, send, startServer } from './setup.js'

const token = 'a-token-of-some-length'
const bearer = { authorization: `Bearer ${token}` }

describe('who may ask what', () => {
  const routes: [string, string, { open: boolean }][] = [
    ['GET', '/healthz', { open: true }],
    ['GET', '/readyz', { open: true }],
    ['GET', '/health/sessions', { open: false }],
    ['GET', '/tenants', { open: false }],
    ['POST', '/tenants', { open: false }],
    ['GET', '/tenants/a', { open: false }],
    ['GET', '/tenants/a/code', { open: false }],
    ['POST', '/tenants/a/start', { open: false }],
    ['POST', '/tenants/a/stop', { open: false }],
    ['POST', '/tenants/a/backup', { open: false }],
    ['POST', '/tenants/a/audit', { open: false }],
    ['POST', '/tenants/a/logout', { open: false }],
    ['GET', '/nothing-here', { open: false }],
  ]

  it.each(routes)('%s %s needs the token, unless it is open', async (method, target, { open }) => {
    const { ask, supervisor } = await startServer({ token })
    const without = await ask(target, { method })
    if (open) expect(without.status).toBe(200)
    else {
      expect(without).toMatchObject({ status: 401, json: { error: { code: 'unauthorized' } } })
      expect(without.headers['www-authenticate']).toBe('Bearer')
    }
    expect(await supervisor.tenants()).toEqual([])
    const withToken = await ask(target, { method, headers: bearer })
    expect(withToken.status).not.toBe(401)
  })

  it.each([
    ['another token', `Bearer ${token}x`],
    ['a part of the token', `Bearer ${token.slice(0, -1)}`],
    ['an empty token', 'Bearer '],
    ['another scheme', `Basic ${token}`],
    ['the bare token', token],
  ])('refuses %s', async (_, authorization) => {
    const { ask } = await startServer({ token })
    expect((await ask('/tenants', { headers: { authorization } })).status).toBe(401)
  })

  it('stops listening to an address that guesses, and listens again after a minute', async () => {
    let passedMs = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + passedMs }
    const { ask } = await startServer({ token, clock })
    const guess = { headers: { authorization: 'Bearer a-wrong-token-of-some-length' } }
    for (let round = 0; round < 10; round++) expect((await ask('/tenants', guess)).status).toBe(401)
    const refused = await ask('/tenants', { headers: bearer })
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'tooManyRequests' } } })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask('/healthz')).status).toBe(200)
    passedMs = 61_000
    expect((await ask('/tenants', { headers: bearer })).status).toBe(200)
  })

  it('does not count a request without a token as a guess', async () => {
    const { ask } = await startServer({ token })
    for (let round = 0; round < 15; round++) expect((await ask('/tenants')).status).toBe(401)
    expect((await ask('/tenants', { headers: bearer })).status).toBe(200)
  })

  it('refuses to serve an address that others reach without a token', async () => {
    const { supervisor } = await startServer()
    expect(() => createHttpServer(supervisor, { host: '0.0.0.0' })).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining('DASHBOARD_TOKEN') }),
    )
  })
})

describe('pages of other sites', () => {
  it.each([
    ['evil.example', 403],
    ['evil.example:3000', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example', 403],
    ['10.0.0.1', 403],
    ['a b', 400],
    ['localhost', 200],
    ['localhost:9999', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1', 200],
    ['127.8.8.8:1', 200],
    ['[::1]:3000', 200],
    ['known.example', 200],
  ])('Host %j is answered with %i', async (host, status) => {
    const { ask } = await startServer({ allowedHosts: ['known.example'] })
    expect((await ask('/tenants', { headers: { host } })).status).toBe(status)
  })

  it('answers to any name when bound to every address, where the token is obligatory', async () => {
    const { ask } = await startServer({ host: '0.0.0.0', token })
    const headers = { host: 'my-app.example', ...bearer }
    expect((await ask('/tenants', { headers })).status).toBe(200)
    expect((await ask('/tenants', { headers: { host: 'my-app.example' } })).status).toBe(401)
  })

  it.each([
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:1' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ host: 'localhost:1', origin: 'http://localhost:1' }, 201],
    [{ 'sec-fetch-site': 'same-origin' }, 201],
    [{}, 201],
  ] as [
    Record<string, string>,
    number,
  ][])('a change with %j is answered with %i', async (headers, status) => {
    const { ask, supervisor } = await startServer()
    const answer = await ask('/tenants', { method: 'POST', headers, body: { tenantId: 'a' } })
    expect(answer.status).toBe(status)
    expect(supervisor.sessions.size).toBe(status === 201 ? 1 : 0)
  })

  it('invites no other site to read answers', async () => {
    const { ask } = await startServer()
    const { headers } = await ask('/tenants', { headers: { origin: 'https://evil.example' } })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

describe('what is no proper request', () => {
  const tooLong = 'x'.repeat(129)
  const cases: [string, string, Ask, number, string][] = [
    ['a path that is not there', '/nothing', {}, 404, 'notFound'],
    ['a trailing slash', '/tenants/', {}, 404, 'notFound'],
    ['a deeper path', '/tenants/a/code/b', {}, 404, 'notFound'],
    ['an unknown verb', '/tenants/a/destroy', { method: 'POST' }, 404, 'notFound'],
    ['a method that the path does not take', '/tenants', { method: 'DELETE' }, 405, 'methodNotAllowed'],
    ['a GET of a verb', '/tenants/a/stop', {}, 405, 'methodNotAllowed'],
    ['a malformed escape', '/tenants/%zz', {}, 400, 'invalid'],
    ['escaped bytes that are no UTF-8', '/tenants/%ff', {}, 400, 'invalid'],
    ['another host as the target', 'http://evil.example/tenants', {}, 400, 'invalid'],
    ['an asterisk as the target', '*', { method: 'OPTIONS' }, 400, 'invalid'],
    ['two slashes', '//', {}, 404, 'notFound'],
    ['a tenant id that leaves its folder', '/tenants/..%2f..%2fetc', {}, 400, 'invalid'],
    ['a tenant id that is too long', `/tenants/${tooLong}`, {}, 400, 'invalid'],
    ['a tenant that is not known', '/tenants/nobody', {}, 404, 'missing'],
    ['a verb for a tenant that is not known', '/tenants/nobody/stop', { method: 'POST' }, 404, 'missing'],
    ['a logout of a tenant that is not known', '/tenants/nobody/logout', { method: 'POST' }, 404, 'missing'],
    ['a body that is not JSON', '/tenants', { method: 'POST', body: '{"tenantId":' }, 400, 'invalid'],
    ['a body that is no object', '/tenants', { method: 'POST', body: '["a"]' }, 400, 'invalid'],
    ['no tenant id', '/tenants', { method: 'POST', body: {} }, 400, 'invalid'],
    ['no body', '/tenants', { method: 'POST' }, 400, 'invalid'],
    ['a tenant id that is a number', '/tenants', { method: 'POST', body: { tenantId: 1 } }, 400, 'invalid'],
    ['a phone number that is none', '/tenants', adding({ phoneNumber: 'call me' }), 400, 'invalid'],
    ['a phone number that is too long', '/tenants', adding({ phoneNumber: '1'.repeat(16) }), 400, 'invalid'],
    ['a phone number that is no text', '/tenants', adding({ phoneNumber: 628120001234 }), 400, 'invalid'],
    ['a form', '/tenants', formed('application/x-www-form-urlencoded'), 415, 'unsupportedMediaType'],
    ['plain text', '/tenants', formed('text/plain'), 415, 'unsupportedMediaType'],
    ['a body that is too large', '/tenants', adding({ filler: 'x'.repeat(65_536) }), 413, 'tooLarge'],
  ]

  it.each(cases)('%s', async (_, target, given, status, code) => {
    const { ask, supervisor } = await startServer()
    const answer = await ask(target, given)
    expect(answer).toMatchObject({ status, json: { error: { code, message: expect.any(String) } } })
    expect(supervisor.sessions.size).toBe(0)
    expect(await supervisor.tenants()).toEqual([])
    expect((await ask('/healthz')).status).toBe(200)
  })

  it('names the methods that a path takes', async () => {
    const { ask } = await startServer()
    expect((await ask('/tenants', { method: 'PUT' })).headers.allow).toBe('GET, POST')
  })

  it('hides what went wrong inside, and logs it', async () => {
    const logged: object[] = []
    const note = (fields: object) => void logged.push(fields)
    const logger = { debug: note, info: note, warn: note, error: note }
    const routes = [
      { method: 'GET', path: '/broken', handle: () => Promise.reject(new Error('a secret')) },
    ] as const
    const { ask } = await startServer({ logger, routes })
    const answer = await ask('/broken')
    expect(answer).toMatchObject({ status: 500, json: { error: { code: 'internal' } } })
    expect(JSON.stringify(answer.json)).not.toContain('a secret')
    expect(logged).toMatchObject([{ err: { message: 'a secret' } }])
  })

  it('refuses an unknown tenant without making a row for it', async () => {
    const { ask, supervisor } = await startServer({ store: memoryStore() })
    for (const verb of ['start', 'stop', 'backup', 'audit', 'logout']) {
      expect((await ask(`/tenants/nobody/${verb}`, { method: 'POST' })).status).toBe(404)
    }
    expect(await supervisor.tenants()).toEqual([])
  })

  it('serves routes of its embedder beside its own, with the same token', async () => {
    const routes = [{ method: 'GET', path: '/page', handle: () => ({ status: 200, text: 'hello' }) }] as const
    const { port } = await startServer({ routes, token })
    expect((await send(port, '/page', {})).status).toBe(401)
    const answer = await send(port, '/page', { headers: bearer })
    expect(answer).toMatchObject({ status: 200, json: 'hello' })
  })
})

function adding(extra: object): Ask {
  return { method: 'POST', body: { tenantId: 'a', ...extra } }
}

function formed(type: string): Ask {
  return { method: 'POST', headers: { 'content-type': type }, body: '{"tenantId":"a"}' }
}
