import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryStore, SessionError } from '../../src/index.js'
import { runCli } from '../cli/run.js'
import { startServer } from './setup.js'

describe('tenants over HTTP', () => {
  it('adds a tenant, shows its code while it pairs and only then, and masks its number', async () => {
    const { ask, link, supervisor } = await startServer()
    const added = await ask('/tenants', { method: 'POST', body: { tenantId: 'a' } })
    expect(added).toMatchObject({
      status: 201,
      json: { tenantId: 'a', runs: 'here', desiredState: 'running' },
    })
    expect((await ask('/tenants/a/code')).status).toBe(404)

    const connection = await link.connection('a')
    connection.code('qr', 'first code')
    const shown = await ask('/tenants/a/code')
    expect(shown).toMatchObject({ status: 200, json: { tenantId: 'a', kind: 'qr', code: 'first code' } })
    expect(shown.headers['cache-control']).toBe('no-store')
    connection.code('qr', 'second code')
    expect((await ask('/tenants/a/code')).json.code).toBe('second code')

    await connection.pair('628120001234')
    await supervisor.get('a')!.waitFor('connected')
    await supervisor.get('a')!.backupNow()
    expect((await ask('/tenants/a/code')).json.error.code).toBe('missing')
    const view = await eventually(
      () => ask('/tenants/a'),
      ({ json }) => json.phoneNumber !== null,
    )
    expect(view.json).toMatchObject({ status: 'CONNECTED', link: 'open', phoneNumber: '********1234' })
    expect(view.json.generation).toBeGreaterThan(0)
    expect(Date.parse(view.json.lastBackupAt)).toBeGreaterThan(0)
  })

  it('passes a phone number on as digits and shows the pairing code', async () => {
    const { ask, link } = await startServer()
    await ask('/tenants', { method: 'POST', body: { tenantId: 'a', phoneNumber: '+62 812-0000-1234' } })
    const connection = await link.connection('a')
    expect(connection.request.pairing).toEqual({ phoneNumber: '6281200001234' })
    connection.code('pairingCode', 'ABCD1234')
    expect((await ask('/tenants/a/code')).json).toMatchObject({ kind: 'pairingCode', code: 'ABCD1234' })
  })

  it('carries a code nowhere but in the code route', async () => {
    const { ask, link } = await startServer()
    await ask('/tenants', { method: 'POST', body: { tenantId: 'a' } })
    ;(await link.connection('a')).code('qr', 'the secret text')
    for (const target of ['/tenants', '/tenants/a', '/health/sessions', '/readyz', '/healthz']) {
      expect(JSON.stringify((await ask(target)).json)).not.toContain('the secret text')
    }
    expect((await ask('/tenants/a/code')).json.code).toBe('the secret text')
  })

  it('shows no code of a session that was stopped while it paired', async () => {
    const { ask, link } = await startServer()
    await ask('/tenants', { method: 'POST', body: { tenantId: 'a' } })
    ;(await link.connection('a')).code('qr', 'a code')
    expect((await ask('/tenants/a/stop', { method: 'POST' })).json).toMatchObject({
      runs: 'no',
      endReason: 'stopped',
    })
    expect((await ask('/tenants/a/code')).status).toBe(404)
  })

  it('answers 200 to adding a tenant again, and starts one that was stopped', async () => {
    const { ask, connected, supervisor, link } = await startServer()
    await connected('a')
    expect((await ask('/tenants', { method: 'POST', body: { tenantId: 'a' } })).status).toBe(200)
    const stopped = await ask('/tenants/a/stop', { method: 'POST' })
    expect(stopped).toMatchObject({
      status: 200,
      json: { runs: 'no', status: 'DISCONNECTED', desiredState: 'stopped' },
    })
    const started = await ask('/tenants/a/start', { method: 'POST', body: {} })
    expect(started).toMatchObject({ status: 200, json: { runs: 'here', desiredState: 'running' } })
    ;(await link.connection('a')).open('628120001234')
    await supervisor.get('a')!.waitFor('connected')
    expect((await ask('/tenants/a')).json.generation).toBeGreaterThan(0)
  })

  it('backs up on request: what was unprotected is in the store when the answer comes', async () => {
    const { ask, connected, link } = await startServer()
    const session = await connected('a')
    const before = session.generation
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const answer = await ask('/tenants/a/backup', { method: 'POST' })
    expect(answer).toMatchObject({ status: 200, json: { unprotectedChanges: 0 } })
    expect(answer.json.generation).toBeGreaterThan(before)
    expect((await ask('/tenants/a/audit', { method: 'POST' })).status).toBe(200)
  })

  it('tells why a backup failed, with the status of its cause', async () => {
    const inner = memoryStore()
    let isDown = false
    const store = {
      ...methodsOf(inner),
      put: (key: string, body: Uint8Array) =>
        isDown ? Promise.reject(new SessionError('unavailable', 'The store is down.')) : inner.put(key, body),
    }
    const { ask, connected, link } = await startServer({ store })
    await connected('a')
    isDown = true
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const answer = await ask('/tenants/a/backup', { method: 'POST' })
    expect(answer).toMatchObject({ status: 503, json: { error: { code: 'unavailable' } } })
    const health = (await ask('/health/sessions')).json
    expect(health).toMatchObject({ total: 1, backed_up: 0, needs_backup: 1 })
    expect(health.sessions[0].unprotectedChanges).toBe(1)
    isDown = false
  })

  it('tells why a link waits and until when, and no more once it is connected', async () => {
    const settings = { backoffBaseMs: 60_000, replacedRetryMs: 45_000 }
    const { ask, connected, link, supervisor, url } = await startServer({ settings })
    await connected('a')
    expect((await ask('/tenants/a')).json).toMatchObject({ linkCode: null, linkRetryAt: null })
    const connection = await link.connection('a')
    const before = Date.now()
    connection.close(440)
    const { json } = await ask('/tenants/a')
    expect(json).toMatchObject({ link: 'waiting', linkCode: 440, linkRetryAt: expect.any(String) })
    const waitMs = Date.parse(json.linkRetryAt) - before
    expect(waitMs).toBeGreaterThanOrEqual(45_000)
    expect(supervisor.get('a')!.linkWait).toEqual({ code: 440, until: Date.parse(json.linkRetryAt) })
    const shown = await runCli(['tenant', 'show', 'a', '--url', url], { cwd: '.' })
    expect(shown.stdout).toMatch(
      /^ {2}link {8}closed with 440 \(another client uses the session.*\); tried again in \d+ s$/m,
    )
    await supervisor.stop('a')
    expect((await ask('/tenants/a')).json).toMatchObject({ linkCode: null, linkRetryAt: null })
  })

  it('logs out: the device is unlinked, the store is empty, the number is gone', async () => {
    const { ask, connected, store } = await startServer()
    await connected('a')
    const answer = await ask('/tenants/a/logout', { method: 'POST', body: {} })
    expect(answer).toMatchObject({
      status: 200,
      json: { runs: 'no', status: 'LOGGED_OUT', endReason: 'deleted' },
    })
    expect(await store.list('a/')).toEqual([])
    const { phoneNumber, generation } = (await ask('/tenants/a')).json
    expect({ phoneNumber, generation }).toEqual({ phoneNumber: null, generation: 0 })
  })

  it('answers 504 when an operation takes longer than the limit, and the operation goes on', async () => {
    const inner = memoryStore()
    let release = () => {}
    let gate: Promise<void> | null = null
    const store = {
      ...methodsOf(inner),
      put: async (key: string, body: Uint8Array) => {
        await gate
        await inner.put(key, body)
      },
    }
    const { ask, connected, link, supervisor } = await startServer({ store, operationLimitMs: 50 })
    await connected('a')
    gate = new Promise((resolve) => {
      release = resolve
    })
    onTestFinished(() => release())
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const answer = await ask('/tenants/a/backup', { method: 'POST' })
    expect(answer).toMatchObject({ status: 504, json: { error: { code: 'timeout' } } })
    release()
    await supervisor.get('a')!.backupNow()
    expect(supervisor.get('a')!.unprotected.changes).toBe(0)
  })

  it('shows tenants that another host runs as the registry knows them', async () => {
    const here = await startServer()
    await here.connected('a')
    const there = await startServer({ store: here.store, registry: here.registry })
    const { json } = await there.ask('/tenants')
    expect(json.tenants).toMatchObject([{ tenantId: 'a', runs: 'elsewhere', endReason: null }])
    expect(json.tenants[0].generation).toBeGreaterThan(0)
    const refused = await there.ask('/tenants/a/backup', { method: 'POST' })
    const host = here.supervisor.hostId.slice(0, 8)
    expect(json.tenants[0].host).toBe(host)
    expect(refused).toMatchObject({
      status: 409,
      json: { error: { code: 'leased', message: expect.stringContaining(`on host ${host}`) } },
    })
  })
})

function methodsOf(store: ReturnType<typeof memoryStore>) {
  return {
    name: store.name,
    check: () => store.check(),
    put: (key: string, body: Uint8Array) => store.put(key, body),
    get: (key: string) => store.get(key),
    list: (prefix: string) => store.list(prefix),
    listTenants: () => store.listTenants(),
    remove: (keys: readonly string[]) => store.remove(keys),
    close: () => store.close(),
  }
}

/** Asks again until it is so: the registry is written a moment after the session changes. */
async function eventually<T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look()
    if (isSo(found)) return found
  }
}
