import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { Assets } from '../../src/dashboard/assets.js'
import type { EventName, EventPayloads, TenantRow } from '../../src/dashboard/payloads.js'

const at = '2026-01-01T00:00:00.000Z'

function rowOf(index: number, generation = 1): TenantRow {
  return {
    tenantId: `shop-${index}`,
    runs: 'here',
    desiredState: 'running',
    state: 'connected.clean',
    status: 'CONNECTED',
    link: 'open',
    linkCode: null,
    linkRetryAt: null,
    phoneNumber: `********${1000 + (index % 9000)}`,
    unprotectedChanges: index % 50 === 0 ? 2 : 0,
    unprotectedSince: index % 50 === 0 ? at : null,
    generation,
    lastBackupAt: at,
    lastConnectedAt: at,
    lastError: null,
    endReason: null,
    host: 'host-1',
    bytes: 120_000,
    files: 800,
  }
}

/** The page's own files and a stream that a test fills: as many tenants as it likes, without any session. */
export async function serveMany(count: number) {
  const assets = new Assets()
  const streams = new Set<ServerResponse>()
  const counts = { total: count, byStatus: { CONNECTED: count }, running: count, unprotected: 0 }
  let id = 0
  const send = <N extends EventName>(response: ServerResponse, name: N, data: EventPayloads[N]) =>
    void response.write(`id: ${++id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://127.0.0.1')
    if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      streams.add(response)
      const tenants = Array.from({ length: count }, (_, index) => rowOf(index))
      return send(response, 'state', { at, host: 'host-1', version: '0', registry: 'ok', counts, tenants })
    }
    if (pathname === '/session') {
      response.setHeader('content-type', 'application/json')
      return response.end(JSON.stringify({ signedIn: true, needsToken: false, host: 'host-1', version: '0' }))
    }
    const file = pathname.replace('/assets/', '')
    const asked = { params: { file }, headers: {} } as unknown as Parameters<Assets['file']>[0]
    const reply = await (pathname === '/' ? assets.page() : assets.file(asked))
    response.writeHead(reply.status, { ...reply.headers })
    response.end(reply.text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const stream of streams) stream.destroy()
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    /** New generations of these tenants, as one message, which tells nothing else of them. */
    change(indexes: readonly number[], generation: number) {
      const rows = indexes.map((index) => ({ tenantId: `shop-${index}`, generation }))
      for (const stream of streams) send(stream, 'changes', { at, registry: 'ok', counts, rows, removed: [] })
    },
  }
}
