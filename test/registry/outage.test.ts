import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { isSessionError } from '../../src/errors.js'
import { databaseError } from '../../src/registry/database-error.js'
import { prismaRegistry } from '../../src/registry/prisma.js'
import { newTenant } from '../conformance/registry.suite.js'
import { swapOf } from '../support/swaps.js'
import { ownSchema, query, sayNotRun, testDatabaseUrl } from './postgres.js'

const secret = 'pa55-w0rd'
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A server on a free port, with every socket it was given. */
async function listen(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; sockets: Set<Socket>; stop(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  cleanups.push(stop)
  return { port: (server.address() as AddressInfo).port, sockets, stop }
}

const urlOf = (port: number) => `postgresql://user:${secret}@127.0.0.1:${port}/db`

async function openError(
  url: string,
  timeoutMs = 300,
): Promise<{ code: string; message: string; stack: string }> {
  const registry = prismaRegistry({ url, timeoutMs })
  const error = await registry.open().then(
    () => expect.unreachable('it opened'),
    (reason) => reason,
  )
  expect(isSessionError(error)).toBe(true)
  expect(`${error.stack} ${JSON.stringify(error.cause)} ${error.cause?.stack}`).not.toContain(secret)
  await registry.close()
  return error
}

describe('a registry whose database cannot be used', () => {
  it('is unavailable while nothing listens', async () => {
    const { port, stop } = await listen(() => {})
    await stop()
    expect((await openError(urlOf(port))).code).toBe('unavailable')
  })

  it('is unavailable when the server says nothing, after the time it was given', async () => {
    const { port } = await listen(() => {})
    expect((await openError(urlOf(port))).code).toBe('unavailable')
  })

  it('is unavailable when the server hangs up', async () => {
    const { port } = await listen((socket) => socket.destroy())
    expect((await openError(urlOf(port))).code).toBe('unavailable')
  })

  it('is unavailable when the name cannot be resolved', async () => {
    expect((await openError('postgresql://user@no-such-host.invalid/db', 2_000)).code).toBe('unavailable')
  })

  it.each([
    ['', 'it is not a URL'],
    ['localhost:5432', 'it does not start with postgresql://'],
    [`mysql://user:${secret}@host/db`, 'it does not start with postgresql://'],
    [`postgresql://user:${secret}/x#y@host/db`, 'it is not a URL'],
    ['postgresql:///db', 'it names no host'],
    [`postgresql://user:${secret}@host/db?schema=a"b`, '?schema= is not a plain name'],
  ])('refuses the URL %j before anything is touched, without repeating it', (url, problem) => {
    expect(() => prismaRegistry({ url })).toThrow(expect.objectContaining({ code: 'invalid' }))
    expect(() => prismaRegistry({ url })).toThrow(problem)
    expect(() => prismaRegistry({ url })).not.toThrow(secret)
  })

  it('names DIRECT_URL when that is the wrong one', () => {
    expect(() => prismaRegistry({ url: urlOf(1), directUrl: 'x' })).toThrow(/^DIRECT_URL cannot be used/)
  })
})

describe('databaseError', () => {
  it.each([
    ['57P01', 'unavailable'],
    ['57P03', 'unavailable'],
    ['53300', 'unavailable'],
    ['53100', 'unavailable'],
    ['40P01', 'unavailable'],
    ['40001', 'unavailable'],
    ['25006', 'unavailable'],
    ['08006', 'unavailable'],
    ['XX000', 'unavailable'],
    ['28P01', 'denied'],
    ['28000', 'denied'],
    ['42501', 'denied'],
    ['3D000', 'invalid'],
    ['42P01', 'invalid'],
    ['22003', 'invalid'],
  ])('takes SQLSTATE %s for %s', (state, code) => {
    const fromPg = Object.assign(new Error('words of the server'), { code: state, severity: 'ERROR' })
    const cause = { originalCode: state, originalMessage: 'words of the server', kind: 'postgres' }
    const fromPrisma = Object.assign(new Error('P2010'), {
      code: 'P2010',
      meta: { driverAdapterError: { cause } },
    })
    for (const error of [fromPg, fromPrisma]) {
      const mapped = databaseError(error, 'to try')
      expect(mapped).toMatchObject({ code, cause: error })
      expect(mapped.message).toContain(`The registry failed to try (${state})`)
    }
  })

  it('takes what Supabase’s pooler says of a wrong project for denied', () => {
    const error = Object.assign(new Error('Tenant or user not found'), { code: 'XX000' })
    expect(databaseError(error, 'to open')).toMatchObject({ code: 'denied' })
  })

  it('takes an error that it does not know for unavailable: nothing is proven', () => {
    expect(databaseError(new Error('odd'), 'to open')).toMatchObject({ code: 'unavailable' })
  })
})

if (testDatabaseUrl) {
  describe('a registry on a real PostgreSQL', () => {
    /** A way to the test database that can be cut, or left open while nothing passes. */
    async function proxy() {
      const target = new URL(testDatabaseUrl!)
      let isMute = false
      const through = await listen((socket) => {
        const upstream = connect(Number(target.port), target.hostname)
        upstream.on('error', () => socket.destroy())
        socket.on('data', (bytes) => isMute || upstream.write(bytes))
        upstream.on('data', (bytes) => isMute || socket.write(bytes))
        socket.on('close', () => upstream.destroy())
        upstream.on('close', () => socket.destroy())
      })
      const { url: direct, schema, drop } = ownSchema()
      cleanups.push(drop)
      const url = new URL(direct)
      url.port = String(through.port)
      return {
        ...through,
        url: url.toString(),
        schema,
        mute: (value: boolean) => {
          isMute = value
        },
      }
    }

    it('is unavailable while its connections are cut, and goes on when the way is back', async () => {
      const way = await proxy()
      const registry = prismaRegistry({ url: way.url, timeoutMs: 2_000, poolSize: 3 })
      cleanups.push(() => registry.close())
      await registry.open()
      const tenantId = newTenant()
      await registry.acquire({ tenantId, owner: 'host-a', ttlMs: 60_000 })
      way.mute(true)
      const pending = [1, 2, 3].map(() => registry.commit([swapOf(tenantId, 0)]))
      const settled = Promise.allSettled(pending)
      await expect.poll(() => way.sockets.size).toBeGreaterThanOrEqual(3)
      for (const socket of way.sockets) socket.destroy()
      for (const outcome of await settled) expect(outcome).toMatchObject({ reason: { code: 'unavailable' } })
      way.mute(false)
      expect(await registry.commit([swapOf(tenantId, 0)])).toEqual(['committed'])
    })

    it('is unavailable when answers stay away, after the time it was given, and goes on later', async () => {
      const way = await proxy()
      const registry = prismaRegistry({ url: way.url, timeoutMs: 1_500 })
      cleanups.push(() => registry.close())
      await registry.open()
      const tenantId = newTenant()
      await registry.setDesired(tenantId, 'running')
      way.mute(true)
      await expect(registry.read(tenantId)).rejects.toMatchObject({ code: 'unavailable' })
      await expect(registry.list()).rejects.toMatchObject({ code: 'unavailable' })
      way.mute(false)
      expect(await registry.read(tenantId)).toMatchObject({ desiredState: 'running' })
    })

    it('is unavailable when the server ends its sessions, and goes on', async () => {
      const { url, drop } = ownSchema()
      cleanups.push(drop)
      const named = new URL(url)
      const name = `test-${newTenant()}`
      named.searchParams.set('application_name', name)
      const registry = prismaRegistry({ url: named.toString(), timeoutMs: 5_000 })
      cleanups.push(() => registry.close())
      await registry.open()
      const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`
      expect(await query(kill)).not.toEqual([])
      // An idle connection that was ended is replaced; the statement that finds it dead may fail once.
      const first = await registry.list().catch((error) => error)
      expect(Array.isArray(first) || first.code === 'unavailable').toBe(true)
      expect(await registry.list()).toEqual([])
    })

    it('can be opened later when the database was away at the start', async () => {
      const way = await proxy()
      way.mute(true)
      const registry = prismaRegistry({ url: way.url, timeoutMs: 1_500 })
      cleanups.push(() => registry.close())
      await expect(registry.open()).rejects.toMatchObject({ code: 'unavailable' })
      await expect(registry.list()).rejects.toMatchObject({ code: 'closed' })
      way.mute(false)
      for (const socket of way.sockets) socket.destroy()
      await registry.open()
      expect(await registry.list()).toEqual([])
    })

    it('closes in the time it was given though answers stay away', async () => {
      const way = await proxy()
      const registry = prismaRegistry({ url: way.url, timeoutMs: 1_500 })
      await registry.open()
      way.mute(true)
      const pending = registry.list().catch((error) => error.code)
      await registry.close()
      expect(await pending).toBe('unavailable')
    })

    it('is denied with a wrong password, which no error repeats', async () => {
      const url = new URL(testDatabaseUrl!)
      url.password = secret
      expect((await openError(url.toString(), 5_000)).code).toBe('denied')
    })

    it('finds a database that does not exist invalid', async () => {
      const url = new URL(testDatabaseUrl!)
      url.pathname = 'no_such_database'
      const error = await openError(url.toString(), 5_000)
      expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining('does not exist') })
    })

    it('is denied to a role from which row level security hides the rows: absent would be a lie', async () => {
      const { url, schema, drop } = ownSchema()
      const owner = prismaRegistry({ url })
      await owner.open()
      await owner.setDesired('tenant-1', 'running')
      await owner.close()
      const role = `role_${schema}`
      cleanups.push(drop, () => query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`))
      await query(`CREATE ROLE "${role}" LOGIN PASSWORD '${secret}'; GRANT USAGE ON SCHEMA "${schema}" TO "${role}";
        GRANT ALL ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`)
      const guest = new URL(url)
      guest.username = role
      guest.password = secret
      expect(await query(`SELECT * FROM "${schema}"."WhatsAppSession"`, guest.toString())).toEqual([])
      const denied = { code: 'denied', message: expect.stringContaining('Row level security hides') }
      expect(await openError(guest.toString(), 5_000)).toMatchObject(denied)
      const half = prismaRegistry({ url: guest.toString(), directUrl: url })
      await expect(half.open()).rejects.toMatchObject(denied)
    })
  })
} else {
  sayNotRun('outages of a real PostgreSQL')
}
