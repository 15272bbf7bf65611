import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startServer } from '../server/setup.js'
import { jsonValue } from './support/arbitraries.js'
import { holds } from './support/inputs.js'

type Server = Awaited<ReturnType<typeof startServer>>

const ids = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '%00',
    'a%2fb',
    '%',
    '%zz',
    'x'.repeat(200),
    '__proto__',
    'unknown',
    '%c3%28',
    '+',
  ),
  fc.string({ unit: 'binary' }).map((text) => encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''))),
)
const verbs = fc.constantFrom(
  'start',
  'stop',
  'backup',
  'audit',
  'logout',
  'code',
  'nothing',
  '',
  '__proto__',
)
const paths = fc.oneof(
  fc.tuple(ids, verbs).map(([id, verb]) => `/tenants/${id}/${verb}`),
  ids.map((id) => `/tenants/${id}`),
  ids.map((id) => `/${id}?q=${id}`),
  fc.constantFrom(
    '/',
    '//',
    '/healthz',
    '/readyz',
    '/health/sessions',
    '/tenants',
    '/tenants/',
    '/tenants?x=%',
  ),
)
const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH')

/** What may follow a POST to a tenant that runs: none of it is a request that is meant. */
const malformed = fc.oneof(
  fc.string().map((text) => `${text}{`),
  fc.constantFrom(
    '[]',
    'null',
    '1',
    '"x"',
    '{',
    '{"force":tru',
    `${'['.repeat(20_000)}`,
    '{"a":1}x',
    `"${'x'.repeat(70_000)}"`,
  ),
)
const oddValue = jsonValue.filter((value) => typeof value !== 'boolean')
const phoneless = jsonValue.filter((value) => typeof value !== 'string')

/** No answer is a failure of the server, and the tenants that run are as they were. */
async function expectUnharmed({ supervisor }: Server, status: number, before: string): Promise<void> {
  expect(status).toBeGreaterThanOrEqual(200)
  expect(status).toBeLessThan(500)
  expect(stateOf(supervisor)).toBe(before)
}

function stateOf(supervisor: Server['supervisor']): string {
  const sessions = [...supervisor.sessions.values()]
  return sessions
    .map(({ tenantId, status, result }) => `${tenantId} ${status} ${JSON.stringify(result)}`)
    .join()
}

describe('a server with two tenants that run', () => {
  it('answers any path, method, header and body with a refusal, and nothing changes', async () => {
    const server = await startServer()
    await server.connected('tenant-a')
    await server.connected('tenant-b', '628120005678')
    const before = stateOf(server.supervisor)
    const headers = fc.dictionary(
      fc.constantFrom(
        'content-type',
        'accept',
        'origin',
        'sec-fetch-site',
        'host',
        'authorization',
        'x-other',
      ),
      fc.oneof(
        fc.stringMatching(/^[ -~]{0,30}$/),
        fc.constantFrom('application/json', 'text/plain', 'http://evil'),
      ),
      { maxKeys: 2 },
    )
    const body = fc.option(
      fc.oneof(
        malformed,
        jsonValue.map((value) => JSON.stringify(value)),
      ),
      { nil: undefined },
    )
    await holds(500, fc.tuple(paths, methods, headers, body), async ([path, method, given, text]) => {
      const withBody = method === 'GET' || method === 'HEAD' ? undefined : text
      const { status } = await server.ask(path, { method, headers: { ...given }, body: withBody })
      await expectUnharmed(server, status, before)
    })
  })

  it('refuses bodies that are no JSON object, and ones with wrong values, on every route that acts', async () => {
    const server = await startServer()
    await server.connected('tenant-a')
    const before = stateOf(server.supervisor)
    const verb = fc.constantFrom('start', 'stop', 'backup', 'audit', 'logout')
    const bad = fc.oneof(
      fc.tuple(fc.constantFrom('/tenants'), malformed),
      fc.tuple(
        verb.map((name) => `/tenants/tenant-a/${name}`),
        malformed,
      ),
      fc.tuple(
        fc.constant('/tenants/tenant-a/logout'),
        oddValue.map((force) => JSON.stringify({ force })),
      ),
      fc.tuple(
        fc.constant('/tenants/tenant-a/start'),
        phoneless.map((phoneNumber) => JSON.stringify({ phoneNumber })),
      ),
      fc.tuple(
        fc.constant('/tenants'),
        fc
          .tuple(
            ids.filter((id) => /[%.]/.test(id)),
            jsonValue,
          )
          .map(([tenantId, other]) => JSON.stringify({ tenantId, other })),
      ),
      fc.tuple(
        fc.constant('/tenants'),
        phoneless.map((tenantId) => JSON.stringify({ tenantId })),
      ),
    )
    await holds(400, bad, async ([path, body]) => {
      const { status, json } = await server.ask(path, { method: 'POST', body })
      expect([400, 413], `${path} ${body.slice(0, 80)} ${JSON.stringify(json)}`).toContain(status)
      await expectUnharmed(server, status, before)
    })
  })

  it('makes of any new tenant that one and no other', async () => {
    const server = await startServer()
    await server.connected('tenant-a')
    const id = fc.stringMatching(/^[a-z][A-Za-z0-9_@-]{0,20}$/).map((text) => `new-${text}`)
    const body = fc.tuple(id, fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'x'), jsonValue))
    await holds(40, body, async ([tenantId, more]) => {
      const others = stateOf(server.supervisor)
      const { status } = await server.ask('/tenants', {
        method: 'POST',
        body: JSON.stringify({ ...more, tenantId }),
      })
      expect([200, 201]).toContain(status)
      await server.supervisor.get(tenantId)!.stop()
      expect(stateOf(server.supervisor).startsWith(others.split(',new-')[0]!)).toBe(true)
      expect(server.supervisor.get('tenant-a')!.status).toBe('CONNECTED')
    })
  })

  it('outlives bytes that are no HTTP, cut off anywhere, and goes on answering', async () => {
    const server = await startServer()
    await server.connected('tenant-a')
    const before = stateOf(server.supervisor)
    const request =
      'POST /tenants/tenant-a/stop HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n'
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((noise) => Buffer.from(noise)),
      fc.nat(request.length).map((length) => Buffer.from(request.slice(0, length))),
      fc
        .constantFrom(
          'content-length: 99999\r\n\r\n{',
          'content-length: -1\r\n\r\n',
          'transfer-encoding: chunked\r\n\r\nzz\r\n',
        )
        .map((rest) => Buffer.from(request + rest)),
      fc
        .constantFrom('transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n')
        .map((rest) => Buffer.from(request + rest)),
    )
    await holds(150, bytes, async (sent) => {
      const answer = await exchange(server.port, sent)
      expect(answer).not.toMatch(/^HTTP\/1.1 (2|5)/)
      await expectUnharmed(server, 200, before)
    })
    expect((await server.ask('/healthz')).status).toBe(200)
  })
})

/** Sends `bytes`, ends its half and gives what comes back. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    const done = () => resolve(Buffer.concat(chunks).toString('latin1'))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', done)
    socket.on('close', done)
    socket.on('end', () => socket.destroy())
    socket.end(bytes)
  })
}
