import { once } from 'node:events'
import * as fsPromises from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { errorByMessage, errorOf } from '../../src/error-by-message.js'
import { forLog, isDefect } from '../../src/errors.js'
import {
  directoryStore,
  memoryRegistry,
  memoryStore,
  setupSupabaseBucket,
  supabaseStore,
  systemClock,
} from '../../src/index.js'
import { databaseError } from '../../src/registry/database-error.js'
import { systemDisk } from '../../src/session/disk.js'
import { openSessionRoot } from '../../src/session/index.js'
import { startSupervisor, temporaryDirectory, unpackSession } from './support.js'

/** What JavaScript says of a mistake quotes the values at hand. */
const secret = '628120000001'
const mistake = () => new TypeError(`Cannot read properties of undefined (reading '${secret}')`)
const supabase = { url: 'http://127.0.0.1:9', key: 'sb_secret_x', bucket: 'b' }
const fast = { backoffBaseMs: 20, backoffMaxMs: 100 }

/** Lines of a log, with their errors as a log prints them. */
function log() {
  const lines: { level: string; message: string; err: string }[] = []
  const at = (level: string) => (fields: { err?: Error }, message: string) =>
    void lines.push({
      level,
      message,
      err: `${fields.err?.message} ${fields.err?.stack} ${fields.err?.cause}`,
    })
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

/** A store that is mistaken about one of its methods for as long as `isBroken`. */
function mistaken(method: 'get' | 'put') {
  const store = memoryStore()
  const state = { isBroken: false }
  const proxy = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (name === method && state.isBroken) return Promise.reject(mistake())
        return value.apply(target, args)
      }
    },
  })
  return { store: proxy, state }
}

describe('a defect of this program', () => {
  it.each([
    ['a TypeError', mistake(), true],
    ['a RangeError', new RangeError('Invalid array length'), true],
    ['a ReferenceError', new ReferenceError('x is not defined'), true],
    [
      'an argument that Node refuses',
      Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' }),
      true,
    ],
    ['an assertion', Object.assign(new Error('x'), { code: 'ERR_ASSERTION' }), true],
    ['an error of the system', Object.assign(new Error('x'), { code: 'EIO' }), false],
    ['any error of the system', Object.assign(new TypeError('x'), { code: 'ECONNRESET' }), false],
    ['no answer to fetch', new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }), false],
    ['no answer to the fetch of a browser', new TypeError('Failed to fetch'), false],
    ['a file of 3 GiB', Object.assign(new RangeError('x'), { code: 'ERR_FS_FILE_TOO_LARGE' }), false],
    ['a text that does not parse', new SyntaxError('Unexpected token'), false],
    ['an error of no kind', new Error('odd'), false],
    ['no error', 'odd', false],
  ])('%s: %s', (_, error, is) => {
    expect(isDefect(error)).toBe(is)
    if (!is) expect(forLog(error)).toBe(error)
  })

  it('is told of in a log with its place and without its words, which quote what was at hand', () => {
    const told = forLog(mistake()) as Error
    expect(told.message).toMatch(/defect of this program \(TypeError\).*report it/)
    expect(told.stack).toMatch(/\n\s+at .*defects\.test/)
    expect(`${told.message} ${told.stack} ${told.cause}`).not.toContain(secret)
  })
})

describe('a defect in a worker or a thread', () => {
  it('is one on the other side too, where its class is lost', () => {
    const told = (error: Error) => errorOf(structuredClone(errorByMessage(error)))
    expect(isDefect(told(mistake()))).toBe(true)
    expect(isDefect(told(Object.assign(new Error('x'), { code: 'ERR_ASSERTION' })))).toBe(true)
    expect(told(new Error('odd'))).toEqual(new Error('odd'))
    expect(String((forLog(told(mistake())) as Error).stack)).not.toContain(secret)
  })
})

describe('a mistake is not taken for a disk, a store or a registry that does not answer', () => {
  it('below the session directory', async () => {
    const thrown = mistake()
    const state = { isBroken: false }
    const list = (path: string) => {
      if (state.isBroken) throw thrown
      return systemDisk.list(path)
    }
    const root = await openSessionRoot({
      path: await temporaryDirectory(),
      clock: systemClock,
      random: () => 0.5,
      disk: { ...systemDisk, list },
    })
    await root.replace(
      'tenant',
      new Map([['session-1.json', '{}']]),
      { epoch: 1, head: null },
      { reason: 'x' },
    )
    state.isBroken = true
    await expect(root.inspect('tenant')).rejects.toBe(thrown)
    await expect(root.list()).rejects.toBe(thrown)
    await root.close()
  })

  it.each(['readFile', 'link', 'open'] as const)('below the directory store: %s', async (method) => {
    const thrown = mistake()
    const state = { isBroken: false }
    const path = await temporaryDirectory()
    const fs: typeof fsPromises = { ...fsPromises }
    const works = fs[method] as (...given: unknown[]) => Promise<unknown>
    const broken = (...given: unknown[]) => (state.isBroken ? Promise.reject(thrown) : works(...given))
    const store = directoryStore({ path, fs: Object.assign(fs, { [method]: broken }) })
    await store.put('tenant/generations/1.json', Buffer.from('{}'))
    state.isBroken = true
    const work =
      method === 'readFile'
        ? store.get('tenant/generations/1.json')
        : store.put('tenant/a', Buffer.from('{}'))
    await expect(work).rejects.toBe(thrown)
    await store.close()
  })

  it('in what is given to Supabase’s client', async () => {
    const thrown = mistake()
    class Odd extends Uint8Array {
      override get buffer(): never {
        throw thrown
      }
    }
    const store = supabaseStore(supabase)
    await expect(store.put('tenant/1', new Odd(1))).rejects.toBe(thrown)
    await store.close()
  })

  it.each([
    'check',
    'put',
    'get',
    'list',
    'remove',
  ] as const)('in the fetch that Supabase’s client is given, whose errors it takes for the network’s: %s', async (method) => {
    const thrown = mistake()
    const store = supabaseStore({ ...supabase, fetch: () => Promise.reject(thrown) })
    const work = {
      check: () => store.check(),
      put: () => store.put('tenant/1', Buffer.from('{}')),
      get: () => store.get('tenant/1'),
      list: () => store.list('tenant/'),
      remove: () => store.remove(['tenant/1']),
    }
    await expect(work[method]()).rejects.toBe(thrown)
    await store.close()
  })

  it('around that fetch, and when a bucket is made', async () => {
    const thrown = mistake()
    const broken = () => {
      throw thrown
    }
    const store = supabaseStore({ ...supabase, clock: { ...systemClock, setTimeout: broken } })
    await expect(store.check()).rejects.toBe(thrown)
    await store.close()
    await expect(setupSupabaseBucket({ ...supabase, fetch: () => Promise.reject(thrown) })).rejects.toBe(
      thrown,
    )
  })

  it('in a statement to the registry', () => {
    const thrown = mistake()
    expect(databaseError(thrown, 'to read')).toBe(thrown)
  })

  it.each([
    ['a value of the wrong kind', Object.assign(new Error(secret), { name: 'PrismaClientValidationError' })],
    ['an argument that is missing', Object.assign(new Error(secret), { code: 'P2012' })],
  ])('in a query that Prisma refuses before it asks the database, whose words quote it: %s', (_, error) => {
    const told = databaseError(error, 'to read')
    expect(isDefect(told)).toBe(true)
    expect(told.stack).toMatch(/Prisma refused a query of this program \(.*\)\.\n\s+at .*defects\.test/)
    expect(`${told.message} ${told.stack} ${told.cause}`).not.toContain(secret)
  })
})

describe('what a network or a database does is no mistake', () => {
  it.each([
    ['it is cut off', new TypeError('terminated', { cause: new Error('other side closed') })],
    ['another fetch has no answer', new TypeError('Network request failed')],
    ['it is aborted', new DOMException('This operation was aborted', 'AbortError')],
  ])('a request: %s', async (_, error) => {
    const store = supabaseStore({ ...supabase, fetch: () => Promise.reject(error) })
    await expect(store.put('tenant/1', Buffer.from('{}'))).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
  })

  it.each([
    'HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n',
    'no HTTP',
    '',
  ])('an answer: %j', async (answer) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}))
      socket.once('data', () => socket.end(answer))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const store = supabaseStore({ ...supabase, url: `http://127.0.0.1:${port}` })
    await expect(store.put('tenant/1', Buffer.from('{}'))).rejects.toMatchObject({ code: 'unavailable' })
    await store.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it.each([
    ['P1001', 'unavailable'],
    ['P1017', 'unavailable'],
    ['P2024', 'unavailable'],
    ['P2028', 'unavailable'],
    ['P2034', 'unavailable'],
    ['P2037', 'unavailable'],
    ['P1000', 'denied'],
    ['P1003', 'invalid'],
    ['P2021', 'invalid'],
    ['P2002', 'invalid'],
  ])('Prisma’s %s is %s', (code, expected) => {
    expect(databaseError(Object.assign(new Error('x'), { code }), 'to read')).toMatchObject({
      code: expected,
    })
    expect(databaseError(Object.assign(new Error('x'), { errorCode: code }), 'to read')).toMatchObject({
      code: expected,
    })
  })
})

describe('a session that meets a mistake', () => {
  it('in a backup goes on, says so with its place, and is backed up when it is over', async () => {
    const { store, state } = mistaken('put')
    const { logger, lines } = log()
    const sessionPath = await temporaryDirectory()
    await unpackSession(sessionPath, 'tenant')
    state.isBroken = true
    const { supervisor } = await startSupervisor({ store, logger, sessionPath, settings: fast })
    const session = await supervisor.start('tenant')
    await session.waitFor('connected')
    await expect(session.backupNow()).rejects.toThrow(TypeError)
    expect(session.lastError).toBe('internal')
    const told = lines.filter(({ message }) => message.includes('defect of this program'))
    expect(told[0]).toMatchObject({
      level: 'error',
      err: expect.stringMatching(/\(TypeError\).*report it[\s\S]*at /),
    })
    expect(JSON.stringify(lines)).not.toContain(secret)
    state.isBroken = false
    await expect.poll(() => session.lastError, { timeout: 20_000 }).toBe(null)
    expect(session.unprotected.changes).toBe(0)
  })

  it('in its restore is failed, in the registry too, until it is over', async () => {
    const { store, state } = mistaken('get')
    const registry = memoryRegistry({ clock: systemClock })
    const sessionPath = await temporaryDirectory()
    await unpackSession(sessionPath, 'tenant')
    const first = await startSupervisor({ store, registry, sessionPath })
    await (await first.supervisor.start('tenant')).waitFor('connected')
    await first.supervisor.shutdown()
    state.isBroken = true
    const { logger, lines } = log()
    const { supervisor, link } = await startSupervisor({ store, registry, logger, settings: fast })
    const session = await supervisor.start('tenant')
    await expect.poll(() => session.lastError, { timeout: 20_000 }).toBe('internal')
    await expect.poll(() => session.status, { timeout: 20_000 }).toBe('FAILED')
    const row = async () => (await registry.read('tenant'))!
    await expect.poll(row, { timeout: 20_000 }).toMatchObject({ status: 'FAILED', lastError: 'internal' })
    expect(link.requests).toEqual([])
    expect(lines.some(({ level, err }) => level === 'error' && err.includes('defect of this program'))).toBe(
      true,
    )
    expect(JSON.stringify(lines)).not.toContain(secret)
    state.isBroken = false
    await session.waitFor('connected', { timeoutMs: 20_000 })
    expect(link.requests[0]!.hasSession).toBe(true)
  })

  it('in taking its lease is failed, shows no code, and goes on when it is over', async () => {
    const inner = memoryRegistry({ clock: systemClock })
    const state = { isBroken: true }
    const registry = new Proxy(inner, {
      get(target, name) {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'acquire') return value.bind(target)
        return (...args: unknown[]) =>
          state.isBroken ? Promise.reject(mistake()) : Reflect.apply(value, target, args)
      },
    })
    const sessionPath = await temporaryDirectory()
    await unpackSession(sessionPath, 'tenant')
    const { supervisor, link } = await startSupervisor({ registry, sessionPath, settings: fast })
    const session = await supervisor.start('tenant')
    await expect.poll(() => session.status, { timeout: 20_000 }).toBe('FAILED')
    expect(session.lastError).toBe('internal')
    expect(link.requests).toEqual([])
    state.isBroken = false
    await session.waitFor('connected', { timeoutMs: 20_000 })
    expect(link.requests[0]!.hasSession).toBe(true)
  })
})
