import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { attachDashboard, type DashboardOptions } from '../../src/index.js'
import { type Ask, send, startServer } from '../server/setup.js'
import { bearer, EventReader, token } from './setup.js'

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A program's own server with the dashboard in it. */
async function attached(
  options: DashboardOptions,
  app: RequestListener = (_, response) => void response.end('theirs'),
) {
  const { supervisor, connected } = await startServer()
  const server = createServer(app)
  const dashboard = attachDashboard(server, supervisor, options)
  onTestFinished(() => dashboard.close())
  const port = await listening(server)
  const ask = (target: string, given: Ask = {}) => send(port, target, given)
  return { supervisor, connected, server, dashboard, port, ask }
}

describe('a dashboard in a server of somebody else', () => {
  it('answers below its base path, and leaves the rest to the program', async () => {
    const { ask, connected } = await attached({ token, basePath: '/ops/wa' })
    await connected('a')
    expect((await ask('/')).json).toBe('theirs')
    expect((await ask('/ops/wax')).json).toBe('theirs')
    expect((await ask('/tenants', { headers: bearer })).json).toBe('theirs')
    expect((await ask('/ops/wa/tenants')).status).toBe(401)
    expect((await ask('/ops/wa/tenants', { headers: bearer })).json.tenants).toMatchObject([
      { tenantId: 'a' },
    ])
    expect((await ask('/ops/wa/healthz')).status).toBe(200)
    const moved = await ask('/ops/wa')
    expect([moved.status, moved.headers.location]).toEqual([308, '/ops/wa/'])
  })

  it('keeps its cookie to the base path', async () => {
    const { ask } = await attached({ token, basePath: '/ops/' })
    const visit = await ask(`/ops/?token=${token}`)
    expect(visit.headers.location).toBe('/ops/')
    expect(visit.headers['set-cookie']![0]).toContain('; Path=/ops/; ')
  })

  it('is told before a listener that came later', async () => {
    const { ask, server } = await attached({ token, basePath: '/ops' }, () => {})
    server.on('request', (_: IncomingMessage, response: ServerResponse) => void response.end('later'))
    expect((await ask('/')).json).toBe('later')
    expect((await ask('/ops/healthz')).json).toEqual({ alive: true })
  })

  it('leaves the server as it was when it is closed, and ends its streams', async () => {
    const { ask, dashboard, port } = await attached({ token, basePath: '/ops' })
    const page = await EventReader.open(port, '/ops/events', bearer)
    await page.next('state')
    dashboard.close()
    expect(await page.next('bye')).toEqual({ reason: 'shutdown' })
    await page.ended()
    expect((await ask('/ops/healthz')).json).toBe('theirs')
  })

  it('asks the sign-in of the program, at each request and while a stream goes on', async () => {
    let isIn = false
    const isAllowed = async () => isIn
    const { ask } = await attached({ isAllowed, basePath: '/ops' })
    expect((await ask('/ops/tenants')).status).toBe(401)
    expect((await ask('/ops/session')).json).toMatchObject({ signedIn: false, needsToken: false })
    isIn = true
    expect((await ask('/ops/tenants')).status).toBe(200)
    expect((await ask('/ops/session')).json).toMatchObject({ signedIn: true, needsToken: false })
    const change = { method: 'POST', body: { tenantId: 'a' } }
    expect((await ask('/ops/tenants', { ...change, headers: { cookie: 'theirs=1' } })).status).toBe(403)
    const own = { cookie: 'theirs=1', 'sec-fetch-site': 'same-origin' }
    expect((await ask('/ops/tenants', { ...change, headers: own })).status).toBe(201)
  })

  it('lets nobody in when the sign-in of the program fails', async () => {
    const isAllowed = () => Promise.reject(new Error('a secret'))
    const { ask } = await attached({ isAllowed, basePath: '/ops' })
    const answer = await ask('/ops/tenants')
    expect(answer.status).toBe(500)
    expect(JSON.stringify(answer.json)).not.toContain('a secret')
    expect((await ask('/ops/healthz')).status).toBe(200)
  })

  it.each([
    [{}, /token/],
    [{ token, basePath: 'ops' }, /basePath/],
    [{ token, basePath: '/a b' }, /basePath/],
    [{ token, basePath: '/../x?' }, /basePath/],
  ])('is refused with %j', async (options, message) => {
    const { supervisor } = await startServer()
    const server = createServer()
    expect(() => attachDashboard(server, supervisor, options)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
    )
    expect(Object.hasOwn(server, 'emit')).toBe(false)
  })

  it('answers to the names that are given, and to no other', async () => {
    const { ask } = await attached({ token, allowedHosts: ['ops.example'] })
    expect((await ask('/tenants', { headers: { ...bearer, host: 'ops.example' } })).status).toBe(200)
    expect((await ask('/tenants', { headers: { ...bearer, host: 'evil.example' } })).status).toBe(403)
  })
})

describe('a handler for a framework', () => {
  type Next = (error?: unknown) => void
  type Layer = (request: IncomingMessage, response: ServerResponse, next: Next) => unknown

  /** As Express does: layers in turn, one mounted below a path sees the rest of it as its URL. */
  async function frameworkWith(
    layers: (handler: Layer) => readonly [string, Layer][],
    options: DashboardOptions,
  ) {
    const { supervisor } = await startServer()
    const dashboard = attachDashboard(null, supervisor, options)
    onTestFinished(() => dashboard.close())
    const chain = layers(dashboard.handler)
    const server = createServer((request, response) => {
      const originalUrl = request.url!
      Object.assign(request, { originalUrl })
      const run = (index: number): void => {
        const layer = chain[index]
        const [path, handle] = layer ?? ['', () => response.writeHead(404).end('theirs')]
        const next = () => run(index + 1)
        request.url = originalUrl.slice(path.length) || '/'
        if (originalUrl.startsWith(path)) void handle(request, response, next)
        else next()
      }
      run(0)
    })
    const port = await listening(server)
    return { supervisor, ask: (target: string, given: Ask = {}) => send(port, target, given) }
  }

  it('works where it is mounted', async () => {
    const { ask } = await frameworkWith((handler) => [['/ops', handler]], { token, basePath: '/ops' })
    expect((await ask('/ops/tenants', { headers: bearer })).json.tenants).toEqual([])
    expect((await ask('/other')).json).toBe('theirs')
  })

  it('calls the next one for what is not its own', async () => {
    const { ask } = await frameworkWith((handler) => [['', handler]], { token, basePath: '/ops' })
    expect((await ask('/ops/healthz')).json).toEqual({ alive: true })
    expect((await ask('/opsx')).json).toBe('theirs')
  })

  it('takes the body that a parser before it has read', async () => {
    const parser: Layer = async (request, _, next) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      Object.assign(request, { body: JSON.parse(Buffer.concat(chunks).toString()) })
      next()
    }
    const { ask, supervisor } = await frameworkWith(
      (handler) => [
        ['', parser],
        ['', handler],
      ],
      { token },
    )
    const added = await ask('/tenants', { method: 'POST', headers: bearer, body: { tenantId: 'a' } })
    expect(added.status).toBe(201)
    expect(supervisor.get('a')).toBeDefined()
  })

  it('says so when a body was read and is gone', async () => {
    const eater: Layer = async (request, _, next) => {
      for await (const _chunk of request);
      next()
    }
    const { ask, supervisor } = await frameworkWith(
      (handler) => [
        ['', eater],
        ['', handler],
      ],
      { token },
    )
    const refused = await ask('/tenants', { method: 'POST', headers: bearer, body: { tenantId: 'a' } })
    expect(refused).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining('docs/dashboard.md') } },
    })
    expect(supervisor.sessions.size).toBe(0)
  })
})
