import { describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/index.js'
import { bearer, startDashboard, token } from './setup.js'

type Dashboard = Awaited<ReturnType<typeof startDashboard>>
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

async function signIn({ ask }: Dashboard, headers: Record<string, string> = {}) {
  const answer = await ask('/session', {
    method: 'POST',
    body: { token },
    headers: { ...sameOrigin, ...headers },
  })
  const set = String(answer.headers['set-cookie'] ?? '')
  return { answer, set, cookie: set.split(';')[0]! }
}

describe('signing in', () => {
  it('gives a cookie that is not the token, and that opens the routes', async () => {
    const server = await startDashboard({ token })
    expect((await server.ask('/session')).json).toEqual({
      signedIn: false,
      needsToken: true,
      host: null,
      version: null,
    })
    const { answer, set, cookie } = await signIn(server)
    expect(answer).toMatchObject({
      status: 200,
      json: { signedIn: true, host: server.supervisor.hostId.slice(0, 8) },
    })
    expect(set).toMatch(/^session-supervisor-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(set).not.toContain(token)
    expect((await server.ask('/tenants', { headers: { cookie } })).status).toBe(200)
    expect((await server.ask('/session', { headers: { cookie } })).json.signedIn).toBe(true)
    expect((await signIn(server)).cookie).not.toBe(cookie)
  })

  it('keeps the cookie to https when it came by https', async () => {
    const server = await startDashboard({ token })
    expect((await signIn(server, { 'x-forwarded-proto': 'https' })).set).toMatch(/; Secure$/)
  })

  it('takes the token of a first visit out of the address', async () => {
    const { ask } = await startDashboard({ token })
    const visit = await ask(`/?token=${token}`)
    expect(visit.status).toBe(303)
    expect(visit.headers).toMatchObject({
      location: '/',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    })
    const cookie = String(visit.headers['set-cookie']).split(';')[0]!
    expect((await ask('/tenants', { headers: { cookie } })).status).toBe(200)
    expect((await ask('/?token=a-wrong-token-of-some-length')).status).toBe(401)
  })

  it('asks for nothing where no token is set', async () => {
    const { ask } = await startDashboard()
    expect((await ask('/session')).json).toMatchObject({ signedIn: true, needsToken: false })
  })

  it('ends when it is ended, with its streams, and leaves the others alone', async () => {
    const server = await startDashboard({ token })
    const [{ cookie }, { cookie: other }] = [await signIn(server), await signIn(server)]
    const page = await server.listen('/events', { cookie })
    const stays = await server.listen('/events', { cookie: other })
    await page.next('state')
    const ended = await server.ask('/session/end', { method: 'POST', headers: { cookie, ...sameOrigin } })
    expect(ended).toMatchObject({ status: 200, json: { signedIn: false } })
    expect(ended.headers['set-cookie']![0]).toMatch(/Max-Age=0/)
    expect(await page.next('bye')).toEqual({ reason: 'signedOut' })
    await page.ended()
    expect((await server.ask('/tenants', { headers: { cookie } })).status).toBe(401)
    expect((await server.ask('/tenants', { headers: { cookie: other } })).status).toBe(200)
    expect(stays.isOver).toBe(false)
  })

  it('is over when nothing was asked for twelve hours', async () => {
    let passedMs = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + passedMs }
    const server = await startDashboard({ token, clock })
    const { cookie } = await signIn(server)
    passedMs = 11 * 3_600_000
    expect((await server.ask('/tenants', { headers: { cookie } })).status).toBe(200)
    passedMs = 22 * 3_600_000
    expect((await server.ask('/tenants', { headers: { cookie } })).status).toBe(200)
    passedMs = 34.1 * 3_600_000
    expect((await server.ask('/tenants', { headers: { cookie } })).status).toBe(401)
  })

  it('keeps a thousand sign-ins, and gives up the one that was unused for longest', async () => {
    const server = await startDashboard({ token })
    const first = await signIn(server)
    const second = await signIn(server)
    await server.ask('/tenants', { headers: { cookie: first.cookie } })
    for (let count = 0; count < 999; count++) await signIn(server)
    expect((await server.ask('/tenants', { headers: { cookie: first.cookie } })).status).toBe(200)
    expect((await server.ask('/tenants', { headers: { cookie: second.cookie } })).status).toBe(401)
  })
})

describe('changes with a cookie', () => {
  it.each([
    [{}, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 201],
    [{ host: 'localhost:1', origin: 'http://localhost:1' }, 201],
  ] as [Record<string, string>, number][])('with %j are answered with %i', async (headers, status) => {
    const server = await startDashboard({ token })
    const { cookie } = await signIn(server)
    const added = await server.ask('/tenants', {
      method: 'POST',
      body: { tenantId: 'a' },
      headers: { cookie, ...headers },
    })
    expect(added.status).toBe(status)
    expect(server.supervisor.sessions.size).toBe(status === 201 ? 1 : 0)
  })

  it('need no more than the token from a program', async () => {
    const { ask } = await startDashboard({ token })
    expect((await ask('/tenants', { method: 'POST', body: { tenantId: 'a' }, headers: bearer })).status).toBe(
      201,
    )
  })
})

describe('wrong tokens', () => {
  const guess = (server: Dashboard, from: string, given = 'a-wrong-token-of-some-length') =>
    server.ask('/session', { method: 'POST', body: { token: given }, headers: { 'x-forwarded-for': from } })

  it('keep an address out for a minute, whichever way they come, and nobody else', async () => {
    let passedMs = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + passedMs }
    const server = await startDashboard({ token, trustedProxies: 1, clock })
    const { cookie } = await signIn(server, { 'x-forwarded-for': '10.0.0.1' })
    for (let round = 0; round < 9; round++) expect((await guess(server, '10.0.0.1')).status).toBe(401)
    const url = '/?token=a-wrong-token-of-some-length'
    expect((await server.ask(url, { headers: { 'x-forwarded-for': '10.0.0.1' } })).status).toBe(401)
    const refused = await guess(server, '10.0.0.1', token)
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'tooManyRequests' } } })
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect((await guess(server, '10.0.0.2', token)).status).toBe(200)
    const signedIn = { cookie, 'x-forwarded-for': '10.0.0.1' }
    expect((await server.ask('/tenants', { headers: signedIn })).status).toBe(200)
    passedMs = 61_000
    expect((await guess(server, '10.0.0.1', token)).status).toBe(200)
  })

  it('from many addresses together leave each of them one, and lock nobody out', async () => {
    const server = await startDashboard({ token, trustedProxies: 1 })
    for (let from = 0; from < 300; from++) await guess(server, `10.1.${from >> 8}.${from & 255}`)
    expect((await guess(server, '10.1.0.7', token)).status).toBe(429)
    expect((await guess(server, '10.2.0.1')).status).toBe(401)
    expect((await guess(server, '10.2.0.1')).status).toBe(429)
    expect((await guess(server, '10.2.0.2', token)).status).toBe(200)
  })

  it('are counted for the address that our own proxy saw, not for one that the caller made up', async () => {
    const server = await startDashboard({ token, trustedProxies: 1 })
    for (let round = 0; round < 10; round++) await guess(server, `9.9.9.${round}, 10.0.0.1`)
    expect((await guess(server, '8.8.8.8, 10.0.0.1', token)).status).toBe(429)
  })

  it('do not become known through a route that is open', async () => {
    const server = await startDashboard({ token })
    const headers = { authorization: 'Bearer a-wrong-token-of-some-length' }
    for (let round = 0; round < 10; round++)
      expect((await server.ask('/session', { headers })).json.signedIn).toBe(false)
    expect((await server.ask('/session', { headers: bearer })).json.signedIn).toBe(false)
    expect((await server.ask('/healthz', { headers })).status).toBe(200)
  })
})
