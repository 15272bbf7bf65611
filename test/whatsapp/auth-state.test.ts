import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initAuthCreds, proto, useMultiFileAuthState } from '@whiskeysockets/baileys'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SessionError } from '../../src/errors.js'
import type { KeyFileBatch, KeyFiles, Urgency } from '../../src/ports/key-files.js'
import { silentLogger } from '../../src/ports/logger.js'
import { type AuthStateOptions, isPaired, openAuthState } from '../../src/whatsapp/auth-state.js'
import { unpackRealSession } from '../session/support/real-session.js'

/** Key files in memory that remember what was asked of them. */
class FakeKeyFiles implements KeyFiles {
  readonly files = new Map<string, string>()
  readonly writes: { batch: KeyFileBatch; urgency: Urgency }[] = []
  failure: SessionError | null = null

  async read(name: string): Promise<string | null> {
    return this.files.get(name) ?? null
  }

  async write(batch: KeyFileBatch, urgency: Urgency = 'ordinary'): Promise<number> {
    if (this.failure) throw this.failure
    this.writes.push({ batch: new Map(batch), urgency })
    for (const [name, content] of batch)
      content === null ? this.files.delete(name) : this.files.set(name, content)
    return this.writes.length
  }
}

function open(files: KeyFiles, options: Partial<AuthStateOptions> = {}) {
  return openAuthState(files, { fresh: true, logger: silentLogger, ...options })
}

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'auth-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const pair = { public: Buffer.from('pub'), private: Buffer.from('priv') }
const paired = { me: { id: '1:2@s.whatsapp.net' }, account: { details: Buffer.from('d') } }

function filled(path: string): FakeKeyFiles {
  const files = new FakeKeyFiles()
  for (const name of readdirSync(path)) files.files.set(name, readFileSync(join(path, name), 'utf8'))
  return files
}

describe('the format', () => {
  it('is that of useMultiFileAuthState: same names, same bytes', async () => {
    const path = temporaryDirectory()
    const theirs = await useMultiFileAuthState(path)
    const files = new FakeKeyFiles()
    const ours = await open(files)
    Object.assign(ours.state.creds, theirs.state.creds, paired)
    Object.assign(theirs.state.creds, paired)
    const data = () => ({
      'pre-key': { 1: pair, 2: pair },
      session: { '15550000000:3@lid/x': Buffer.from('session'), gone: null },
      'sender-key-memory': { '1@g.us': { '2:1@lid': true } },
      'app-state-sync-key': {
        'AA/B+C=': proto.Message.AppStateSyncKeyData.fromObject({ keyData: Buffer.from('k'), timestamp: 17 }),
      },
      'app-state-sync-version': {
        regular: { version: 3, hash: Buffer.alloc(4), indexValueMap: { a: { valueMac: Buffer.from('m') } } },
      },
      'lid-mapping': { '15550000000': '220000000000000' },
      'device-list': { '15550000000': ['0', '1'] },
      'something-new': { a: { b: 1 } },
    })
    await theirs.state.keys.set(data())
    await ours.state.keys.set(data())
    await theirs.saveCreds()
    await ours.saveCreds()
    expect([...files.files].sort()).toEqual([...filled(path).files].sort())
    expect(files.files.has('session-15550000000-3@lid__x.json')).toBe(true)
  })

  it('reads a real folder as useMultiFileAuthState does', async () => {
    const path = unpackRealSession(temporaryDirectory(), 't')
    const theirs = await useMultiFileAuthState(path)
    const ours = await open(filled(path), { fresh: false })
    expect(ours.state.creds).toEqual(theirs.state.creds)
    expect(isPaired(ours.state.creds)).toBe(true)
    const asked = {
      'pre-key': Array.from({ length: 831 }, (_, n) => `${n}`),
      session: ['220000000000018_1.0', 'nobody'],
      'sender-key': ['120363000000000001@g.us::220000000000003_1::0'],
      'app-state-sync-key': ['AAAAANAB'],
      'app-state-sync-version': ['regular_high'],
      'lid-mapping': ['15660000003'],
      'device-list': ['220000000000001'],
    } as const
    for (const [type, ids] of Object.entries(asked)) {
      const get = [type, [...ids]] as [keyof typeof asked, string[]]
      expect(await ours.state.keys.get(...get)).toEqual(await theirs.state.keys.get(...get))
    }
    const key = (await ours.state.keys.get('app-state-sync-key', ['AAAAANAB'])).AAAAANAB
    expect(key).toBeInstanceOf(proto.Message.AppStateSyncKeyData)
  })

  it('is read back by plain Baileys', async () => {
    const files = new FakeKeyFiles()
    const ours = await open(files)
    await ours.saveCreds(paired)
    await ours.state.keys.set({ 'pre-key': { 7: pair } })
    const path = temporaryDirectory()
    for (const [name, content] of files.files) writeFileSync(join(path, name), content)
    const theirs = await useMultiFileAuthState(path)
    expect(theirs.state.creds).toEqual(
      JSON.parse(JSON.stringify(ours.state.creds), (_, v) =>
        v?.type === 'Buffer' ? Buffer.from(v.data, Array.isArray(v.data) ? undefined : 'base64') : v,
      ),
    )
    expect(await theirs.state.keys.get('pre-key', ['7'])).toEqual({ 7: pair })
  })
})

describe('creds', () => {
  it('are new only where the caller has proven that there are none', async () => {
    const files = new FakeKeyFiles()
    await expect(open(files, { fresh: false })).rejects.toMatchObject({ code: 'missing' })
    const { state } = await open(files)
    expect(Object.keys(state.creds)).toEqual(Object.keys(initAuthCreds()))
    expect(files.writes).toEqual([])
  })

  it.each([
    '',
    '{',
    'null',
    '{}',
    '[]',
    '"x"',
    '{"noiseKey":{}}',
  ])('that are damaged (%j) are refused, never made anew', async (content) => {
    for (const fresh of [true, false]) {
      const files = new FakeKeyFiles()
      files.files.set('creds.json', content)
      await expect(open(files, { fresh })).rejects.toMatchObject({ code: 'corrupt' })
      expect(files.writes).toEqual([])
    }
  })

  it('that are paired are never replaced by new ones', async () => {
    const files = new FakeKeyFiles()
    await (await open(files)).saveCreds(paired)
    await expect(open(files, { fresh: true })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('of an unfinished pairing by code are not used again when a new identity is asked for', async () => {
    const files = new FakeKeyFiles()
    const first = await open(files)
    await first.saveCreds({ me: { id: '1@s.whatsapp.net', name: '~' } })
    const second = await open(files)
    expect(second.state.creds.me).toBeUndefined()
    expect(second.state.creds.noiseKey).not.toEqual(first.state.creds.noiseKey)
  })

  it('are written as they are when saveCreds is called, though Baileys goes on changing them', async () => {
    const files = new FakeKeyFiles()
    const { state, saveCreds } = await open(files)
    state.creds.nextPreKeyId = 5
    const saved = saveCreds()
    state.creds.nextPreKeyId = 6
    await saved
    expect(JSON.parse(files.files.get('creds.json')!).nextPreKeyId).toBe(5)
  })

  it('are urgent once: when they become paired, which a failed write does not count as', async () => {
    const files = new FakeKeyFiles()
    const barrier = vi.fn(async () => {})
    const { state, saveCreds } = await open(files, { barrier })
    await saveCreds()
    files.failure = new SessionError('diskFull', 'full')
    await expect(saveCreds(paired)).rejects.toMatchObject({ code: 'diskFull' })
    files.failure = null
    await saveCreds()
    await saveCreds({ nextPreKeyId: 9 })
    expect(files.writes.map(({ urgency }) => urgency)).toEqual(['ordinary', 'urgent', 'ordinary'])
    expect(barrier.mock.calls).toEqual([[2]])
    expect(state.creds.me).toEqual(paired.me)
    const again = await open(files, { fresh: false, barrier })
    await again.saveCreds({ nextPreKeyId: 10 })
    expect(files.writes.at(-1)!.urgency).toBe('ordinary')
  })
})

describe('keys', () => {
  it('are one batch for each set, and none when there is nothing to set', async () => {
    const files = new FakeKeyFiles()
    const { state } = await open(files)
    await state.keys.set({
      session: { a: Buffer.from('1'), b: null },
      'identity-key': { a: Buffer.from('2') },
      'pre-key': {},
    })
    await state.keys.set({})
    await state.keys.set({ session: undefined })
    expect(files.writes.map(({ batch }) => [...batch.keys()])).toEqual([
      ['session-a.json', 'session-b.json', 'identity-key-a.json'],
    ])
  })

  it.each([
    ['new pre-keys', { 'pre-key': { 1: pair } }, 'urgent'],
    ['a used pre-key', { 'pre-key': { 1: null } }, 'ordinary'],
    ['an app-state-sync-key', { 'app-state-sync-key': { a: { keyData: Buffer.from('k') } } }, 'urgent'],
    ['a session', { session: { a: Buffer.from('s') } }, 'ordinary'],
    [
      'a session with a used pre-key',
      { session: { a: Buffer.from('s') }, 'pre-key': { 1: null } },
      'ordinary',
    ],
  ] as const)('%s: %s is %s', async (_, data, urgency) => {
    const files = new FakeKeyFiles()
    const barrier = vi.fn(async () => {})
    const { state } = await open(files, { barrier })
    await state.keys.set(data)
    expect(files.writes.map((write) => write.urgency)).toEqual([urgency])
    expect(barrier).toHaveBeenCalledTimes(urgency === 'urgent' ? 1 : 0)
  })

  it('that are urgent resolve only after the barrier', async () => {
    const files = new FakeKeyFiles()
    let pass = () => {}
    const passed = new Promise<void>((resolve) => {
      pass = resolve
    })
    const asked = vi.fn()
    const barrier = (position: number) => {
      asked(position)
      return passed
    }
    const { state } = await open(files, { barrier })
    const told = vi.fn()
    const setting = Promise.resolve(state.keys.set({ 'pre-key': { 1: pair } })).then(told)
    await vi.waitFor(() => expect(asked).toHaveBeenCalledWith(1))
    await new Promise((resume) => setImmediate(resume))
    expect(told).not.toHaveBeenCalled()
    pass()
    await setting
    expect(told).toHaveBeenCalled()
  })

  it('that cannot be written reject, and a damaged one rejects when read', async () => {
    const files = new FakeKeyFiles()
    const { state } = await open(files)
    files.failure = new SessionError('closed', 'closed')
    await expect(state.keys.set({ session: { a: Buffer.from('s') } })).rejects.toMatchObject({
      code: 'closed',
    })
    expect(await state.keys.get('session', ['a'])).toEqual({ a: null })
    files.files.set('session-a.json', '{"torn')
    await expect(state.keys.get('session', ['a'])).rejects.toMatchObject({ code: 'corrupt' })
  })
})
