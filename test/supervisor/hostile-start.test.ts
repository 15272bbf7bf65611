import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  configFromEnv,
  createSupervisor,
  memoryRegistry,
  memoryStore,
  type ObjectStore,
  SessionError,
  silentLogger,
  systemClock,
} from '../../src/index.js'
import { startSupabaseStandIn } from '../stores/stand-in/index.js'
import { startSupervisor, temporaryDirectory, unpackSession } from './support.js'

/** A store that can be made not to answer. */
function breakable(store: ObjectStore) {
  const state = { broken: false }
  const proxy = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        if (state.broken) throw new SessionError('unavailable', 'The store does not answer.')
        return await value.apply(target, args)
      }
    },
  })
  return { store: proxy, state }
}

/** A busy machine takes its time. */
const patient = { timeout: 20_000 }

const fast = { backoffBaseMs: 20, backoffMaxMs: 100 }

/** A tenant whose session of some 900 files is committed, its host shut down. */
async function committedTenant() {
  const store = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  const sessionPath = await temporaryDirectory()
  const folder = await unpackSession(sessionPath, 'tenant')
  const { supervisor, link } = await startSupervisor({ store, registry, sessionPath })
  const session = await supervisor.start('tenant')
  await session.waitFor('connected')
  await session.backupNow()
  await link.files('tenant').write(new Map([['session-1.0.json', '{"step":2}']]))
  await session.stop()
  await supervisor.shutdown()
  return { store, registry, sessionPath, folder }
}

describe('a tenant id that is none', () => {
  it.each([
    '../x',
    '..',
    '.',
    '',
    'a/b',
    'a b',
    '%2e%2e',
    'a#b',
    'ä',
    'x'.repeat(129),
  ])('refuses %j and touches nothing', async (tenantId) => {
    const { supervisor, sessionPath } = await startSupervisor()
    await expect(supervisor.start(tenantId)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('nothing was touched'),
    })
    expect(await supervisor.tenants()).toEqual([])
    expect(readdirSync(sessionPath)).toEqual(['.supervisor'])
  })
})

describe('a Supabase that is configured wrongly', () => {
  it.each([
    [{ SUPABASE_URL: 'https://p.supabase.co' }, 'SUPABASE_SERVICE_KEY is not'],
    [{ SUPABASE_SERVICE_KEY: 'secret-value' }, 'SUPABASE_URL is not'],
    [{ SUPABASE_KEY: 'secret-value' }, 'SUPABASE_URL is not'],
    [{ SUPABASE_BUCKET: 'b' }, 'SUPABASE_URL is not'],
    [{ SUPABASE_URL: 'not a url', SUPABASE_SERVICE_KEY: 'secret-value' }, 'SUPABASE_URL: expected a URL'],
  ])('refuses half of it: %j', (env, message) => {
    const refusal = catchError(() => configFromEnv(env as NodeJS.ProcessEnv))
    expect(refusal).toMatchObject({ code: 'invalid', message: expect.stringContaining(message) })
    expect(refusal.message).not.toContain('secret-value')
  })

  it('refuses an anon key before anything is touched, and says which key to use', async () => {
    const server = await startSupabaseStandIn()
    const sessionPath = `${await temporaryDirectory()}/sessions`
    const store = { kind: 'supabase', url: server.url, key: server.anonKey, bucket: server.bucket } as const
    await expect(createSupervisor({ ...common, sessionPath, store })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('SUPABASE_SERVICE_KEY'),
    })
    expect(() => readdirSync(sessionPath)).toThrow('ENOENT')
    await server.close()
  })

  it('refuses a missing bucket before anything is touched, and says how to make it', async () => {
    const server = await startSupabaseStandIn()
    const sessionPath = `${await temporaryDirectory()}/sessions`
    const store = {
      kind: 'supabase',
      url: server.url,
      key: server.serviceKey,
      bucket: 'no-such-bucket',
    } as const
    await expect(createSupervisor({ ...common, sessionPath, store })).rejects.toMatchObject({
      code: 'missing',
      message: expect.stringContaining('setup'),
    })
    expect(() => readdirSync(sessionPath)).toThrow('ENOENT')
    await server.close()
  })
})

describe('a store that does not answer at the start', () => {
  it('lets tenants with a local session start, and the others wait instead of pairing', async () => {
    const { store: memory, registry, sessionPath } = await committedTenant()
    const { store, state } = breakable(memory)
    state.broken = true
    const { supervisor, link } = await startSupervisor({ store, registry, sessionPath, settings: fast })
    await (await supervisor.start('tenant')).waitFor('connected', { timeoutMs: 20_000 })
    const other = await supervisor.start('other')
    await expect.poll(() => other.lastError, patient).toBe('undecided')
    expect(other.state).toMatch(/^restoring/)
    expect(link.requests).toHaveLength(1)

    state.broken = false
    await other.waitFor('pairing', { timeoutMs: 20_000 })
  })

  it('lets a plain Baileys session that was never backed up start, and backs it up when the store is back', async () => {
    const { store, state } = breakable(memoryStore())
    state.broken = true
    const sessionPath = await temporaryDirectory()
    await unpackSession(sessionPath, 'tenant')
    const { supervisor } = await startSupervisor({ store, sessionPath, settings: fast })
    const session = await supervisor.start('tenant')
    await session.waitFor('connected', { timeoutMs: 20_000 })
    await expect(session.backupNow()).rejects.toMatchObject({ code: 'unavailable' })
    expect(session.unprotected.changes).toBeGreaterThan(900)
    state.broken = false
    await session.backupNow().catch(() => session.backupNow())
    expect(session.unprotected.changes).toBe(0)
    expect(session.generation).toBe(1)
  })
})

describe('a newest generation that is corrupt', () => {
  it('falls back to the newest that verifies, loudly, and goes on above it', async () => {
    const { store, registry } = await committedTenant()
    const head = (await registry.read('tenant'))!.head!
    const objects = new Map<string, Uint8Array>()
    for (const { key } of await store.list('tenant/')) objects.set(key, await store.get(key))
    const body = objects.get(head.key)!
    body[body.length >> 1]! ^= 1
    const damaged = memoryStore()
    for (const [key, bytes] of objects) await damaged.put(key, bytes)

    const { supervisor, facts, sessionPath } = await startSupervisor({ store: damaged, registry })
    const session = await supervisor.start('tenant')
    await session.waitFor('connected')
    expect(facts).toContainEqual(
      expect.objectContaining({ type: 'session.restored', fellBack: true, skippedSeqs: [head.seq] }),
    )
    await session.backupNow()
    expect(session.generation).toBe(head.seq + 1)
    const creds = JSON.parse(readFileSync(`${sessionPath}/tenant/creds.json`, 'utf8'))
    expect(creds.nextPreKeyId).toBeGreaterThan(head.marks.nextPreKeyId)
  })

  it('waits, and neither pairs nor writes, when no generation verifies', async () => {
    const { store, registry } = await committedTenant()
    const damaged = memoryStore()
    for (const { key } of await store.list('tenant/')) await damaged.put(key, Buffer.from('{}'))
    const { supervisor, link, facts } = await startSupervisor({ store: damaged, registry, settings: fast })
    const session = await supervisor.start('tenant')
    await expect.poll(() => session.lastError, patient).toBe('corrupt')
    expect(link.requests).toHaveLength(0)
    expect(facts.filter(({ type }) => type === 'generation.committed')).toEqual([])
  })
})

describe('a creds.json of 0 bytes', () => {
  it('is put right from the backup; the session connects with no code', async () => {
    const { store, registry, sessionPath, folder } = await committedTenant()
    const whole = readFileSync(`${folder}/creds.json`, 'utf8')
    truncateSync(`${folder}/creds.json`)
    const { supervisor, link, facts } = await startSupervisor({ store, registry, sessionPath })
    await (await supervisor.start('tenant')).waitFor('connected')
    expect(link.requests[0]!.hasSession).toBe(true)
    expect(readFileSync(`${folder}/creds.json`, 'utf8')).toBe(whole)
    expect(facts).toContainEqual({ type: 'files.healed', tenantId: 'tenant', files: 1 })
  })

  it('without any backup: neither pairs nor writes, and says what to do', async () => {
    const sessionPath = await temporaryDirectory()
    const folder = await unpackSession(sessionPath, 'tenant')
    writeFileSync(`${folder}/creds.json`, '')
    const { supervisor, link, facts } = await startSupervisor({ sessionPath, settings: fast })
    const session = await supervisor.start('tenant')
    await expect.poll(() => session.lastError, patient).toBe('corrupt')
    await expect.poll(() => session.status, patient).toBe('FAILED')
    expect(link.requests).toHaveLength(0)
    const failed = facts.find((fact) => fact.type === 'restore.failed')
    expect(failed).toMatchObject({ error: { message: expect.stringContaining('pair again') } })
    expect(readFileSync(`${folder}/creds.json`, 'utf8')).toBe('')
  })
})

const common = {
  registry: memoryRegistry({ clock: systemClock }),
  logger: silentLogger,
  signals: false,
  resume: false,
}

function catchError(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
