import { describe, expect, it } from 'vitest'
import { memoryRegistry, memoryStore, type ObjectStore, SessionError, systemClock } from '../../src/index.js'
import { runCli } from '../cli/run.js'
import { startServer } from './setup.js'

const fast = { backoffBaseMs: 20, backoffMaxMs: 100 }

/** A store that fails while it has an error, and that hangs while it is said to, asked for an object or given one. */
function breakable() {
  const inner = memoryStore()
  const held: (() => void)[] = []
  const state = {
    error: null as Error | null,
    hangs: false,
    answer: () => {
      state.hangs = false
      for (const go of held.splice(0)) go()
    },
  }
  const store = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function' || name === 'close') return value
      return async (...args: unknown[]) => {
        if (state.error) throw state.error
        if (state.hangs && (name === 'put' || name === 'get'))
          await new Promise<void>((go) => void held.push(go))
        return await value.apply(target, args)
      }
    },
  })
  return { store: store as ObjectStore, state }
}

const gone = () => new SessionError('unavailable', 'Nothing answers at the store.')

describe('a backup that somebody asks for', () => {
  it('of a session that is not restored, because the store is gone, is refused: it was called done', async () => {
    const { store, state } = breakable()
    const registry = memoryRegistry({ clock: systemClock })
    const first = await startServer({ store, registry })
    await first.connected('a')
    await first.supervisor.shutdown()
    state.error = gone()
    const { supervisor, ask, url, link } = await startServer({ store, registry, settings: fast })
    const session = await supervisor.start('a')
    const refused = {
      error: {
        code: 'unavailable',
        message: expect.stringMatching(/not backed up.*not restored yet.*again/),
      },
    }
    expect(await ask('/tenants/a/backup', { method: 'POST' })).toMatchObject({ status: 503, json: refused })
    expect(await ask('/tenants/a/audit', { method: 'POST' })).toMatchObject({ status: 503, json: refused })
    expect(await runCli(['tenant', 'backup', 'a', '--url', url], { cwd: '.' })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/not backed up/),
    })
    state.error = null
    ;(await link.connection('a')).open()
    await session.waitFor('connected', { timeoutMs: 10_000 })
    expect((await ask('/tenants/a/backup', { method: 'POST' })).status).toBe(200)
  })

  it('waits for a restore that is under way, and is done when that shows that nothing is unsaved', async () => {
    const { store, state } = breakable()
    const registry = memoryRegistry({ clock: systemClock })
    const first = await startServer({ store, registry })
    await first.connected('a')
    await first.supervisor.shutdown()
    state.hangs = true
    const { supervisor } = await startServer({ store, registry })
    const session = await supervisor.start('a')
    const saved = session.backupNow()
    await expect.poll(() => session.state).toBe('restoring.fetching')
    const now = new Promise((resolve) => setImmediate(resolve, 'not yet'))
    expect(await Promise.race([saved, now])).toBe('not yet')
    state.answer()
    await saved
    expect(session.state).toBe('restoring.opening.clean')
  })

  it('of a tenant that is not paired has nothing to back up', async () => {
    const { supervisor, link, url } = await startServer()
    await supervisor.start('a')
    ;(await link.connection('a')).code('qr', 'a code')
    expect(await runCli(['tenant', 'backup', 'a', '--url', url], { cwd: '.' })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/a has nothing to back up yet/),
    })
  })

  it('says how many changes are unprotected, that they stay and are tried again, and why', async () => {
    const { store, state } = breakable()
    const { ask, connected, link, url, supervisor } = await startServer({ store, settings: fast })
    await connected('a')
    state.error = gone()
    const connection = await link.connection('a')
    await connection.write(
      new Map([
        ['session-1.0.json', '{"a":1}'],
        ['session-2.0.json', '{"a":2}'],
      ]),
    )
    const told =
      'Tenant a is not backed up: 2 changes are on the disk of the server only. They stay there, and the backup is tried again by itself. The reason: Nothing answers at the store.'
    for (const verb of ['backup', 'audit']) {
      const answer = await ask(`/tenants/a/${verb}`, { method: 'POST' })
      expect(answer).toMatchObject({ status: 503, json: { error: { code: 'unavailable', message: told } } })
    }
    const run = () => runCli(['tenant', 'backup', 'a', '--url', url], { cwd: '.' })
    expect(await run()).toMatchObject({ exitCode: 1, stdout: '', stderr: `error: ${told}\n` })
    state.error = null
    await expect.poll(() => supervisor.get('a')!.unprotected.changes, { timeout: 10_000 }).toBe(0)
    expect(await run()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^✓ a has not changed since it was backed up last \(number \d+\)\.\n$/),
    })
    await connection.write(new Map([['session-3.0.json', '{"a":3}']]))
    const { generation } = (await ask('/tenants/a/backup', { method: 'POST' })).json
    expect(generation).toBe(supervisor.get('a')!.generation)
    expect(supervisor.get('a')!.unprotected.changes).toBe(0)
  })

  it('that fails by a defect says so, and what is unprotected', async () => {
    const { store, state } = breakable()
    const { ask, connected, link } = await startServer({ store, settings: fast })
    await connected('a')
    state.error = new TypeError("Cannot read properties of undefined (reading '628120001234')")
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const { status, json } = await ask('/tenants/a/backup', { method: 'POST' })
    expect({ status, code: json.error.code }).toEqual({ status: 500, code: 'internal' })
    expect(json.error.message).toMatch(/1 change is on the disk.*defect of the server.*log/)
    expect(json.error.message).not.toContain('628120001234')
    state.error = null
  })

  it('that takes too long says so, and what is unprotected', async () => {
    const { store, state } = breakable()
    const { ask, connected, link } = await startServer({ store, operationLimitMs: 300 })
    await connected('a')
    state.hangs = true
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    expect(await ask('/tenants/a/backup', { method: 'POST' })).toMatchObject({
      status: 504,
      json: { error: { message: expect.stringMatching(/1 change is on the disk.*longer than 300 ms/) } },
    })
    state.answer()
  })

  it('of a session that ends meanwhile says what it left unprotected', async () => {
    const { store, state } = breakable()
    const settings = { closeDeadlineMs: 200 }
    const { ask, connected, link, supervisor } = await startServer({ store, settings })
    await connected('a')
    state.hangs = true
    await (await link.connection('a')).write(new Map([['session-1.0.json', '{"a":1}']]))
    const asked = ask('/tenants/a/backup', { method: 'POST' })
    await expect.poll(() => supervisor.get('a')!.state).toBe('backing-up.uploading')
    await supervisor.stop('a')
    const { status, json } = await asked
    expect({ status, code: json.error.code }).toEqual({ status: 409, code: 'ended' })
    expect(json.error.message).toMatch(/1 change is on the disk.*next start/)
    state.answer()
  })
})
