import { BufferJSON } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { maskPhoneNumber, raiseMarks, readCreds } from '../../src/replication/marks.js'
import { preKeyGap, prepareOlder } from '../../src/replication/older.js'
import { linkByQr, MemoryAuth, reconnect } from '../loopback/bot.js'
import { eachWithLoopback } from '../loopback/setup.js'
import { realSession } from './real-session.js'
import { creds } from './tenant-model.js'

describe('files of an older generation', () => {
  it('get pre-key counters above every id that was ever given out', () => {
    const files = new Map([
      ['creds.json', creds({ nextPreKeyId: 100, firstUnuploadedPreKeyId: 90 })],
      ['pre-key-120.json', '{}'],
    ])
    for (const [mark, highest] of [
      [0, 121],
      [50, 121],
      [900, 900],
    ] as const) {
      const prepared = prepareOlder(files, { nextPreKeyId: mark })
      const after = JSON.parse(prepared.files.get('creds.json')!) as Record<string, number>
      expect(prepared.nextPreKeyId).toBe(highest + preKeyGap)
      expect(after.nextPreKeyId).toBe(prepared.nextPreKeyId)
      expect(after.firstUnuploadedPreKeyId).toBe(prepared.nextPreKeyId)
      expect(prepared.files.has(`pre-key-${prepared.nextPreKeyId - 1}.json`)).toBe(false)
    }
  })

  it('lose what is harmful when stale, and nothing else', () => {
    const files = realSession()
    files.set('sender-key-memory-1@g.us.json', '{"1@s.whatsapp.net":true}')
    const before = new Map(files)
    const prepared = prepareOlder(files, { nextPreKeyId: 0 })
    expect(files).toEqual(before)
    const gone = [...files.keys()].filter((name) => !prepared.files.has(name))
    expect(gone.every((name) => /^(sender-key-memory|app-state-sync-version)-/.test(name))).toBe(true)
    expect(prepared.dropped['sender-key-memory']).toBe(
      gone.filter((name) => name.startsWith('sender')).length,
    )
    for (const [name, content] of prepared.files)
      if (name !== 'creds.json') expect(content).toBe(files.get(name))
  })

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['torn', '{"me":'],
    ['no object', '[]'],
  ])('are refused when creds.json is %s', (_, content) => {
    const files = new Map(content === undefined ? [] : [['creds.json', content] as const])
    expect(() => prepareOlder(files, { nextPreKeyId: 0 })).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    )
  })

  it('are refused when no pre-key id is left', () => {
    const files = new Map([['creds.json', creds()]])
    expect(() => prepareOlder(files, { nextPreKeyId: 0xff_ff_00 })).toThrow(
      expect.objectContaining({ code: 'tooLarge' }),
    )
  })
})

describe('an unmodified Baileys started from an older generation', () => {
  const world = eachWithLoopback()

  it('uploads fresh pre-keys at login, issues no id twice, and reads what new contacts send', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const { bot, auth, device } = await linkByQr(wa, phone)
    const older = filesOf(auth)
    const atFirst = wa.stats.preKeysUploaded
    await bot.socket.uploadPreKeys(5)
    await bot.end()
    const marks = { nextPreKeyId: auth.creds.nextPreKeyId }
    expect(marks.nextPreKeyId).toBe(readCreds(older.get('creds.json'))!.marks.nextPreKeyId + 5)

    const prepared = prepareOlder(older, marks)
    const restored = authOf(prepared.files)
    const back = await reconnect(wa, restored, device)
    await wa.waitForStats(({ preKeysUploaded }) => preKeysUploaded === atFirst + 10)
    expect(wa.stats.reusedPreKeyIds).toBe(0)
    expect(restored.creds.nextPreKeyId).toBe(prepared.nextPreKeyId + 5)
    expect(restored.values.has(`pre-key-${prepared.nextPreKeyId}`)).toBe(true)
    await wa.contact({ number: '628120000002' }).send(phone, 'after the restore')
    await back.received('after the restore')
    await back.end()
  })

  it('uploads nothing at a login that restored the newest', async () => {
    const { wa } = world
    const { bot, auth, device } = await linkByQr(wa, wa.phone({ number: '628120000001' }))
    await bot.end()
    const before = wa.stats.preKeysUploaded
    const back = await reconnect(wa, authOf(filesOf(auth)), device)
    await back.end()
    expect(wa.stats.preKeysUploaded).toBe(before)
  })
})

describe('what creds.json says', () => {
  it('is paired with a device id and an account, not with one of them', () => {
    expect(readCreds(creds())).toEqual({
      paired: true,
      phoneNumber: '15550000000',
      marks: { nextPreKeyId: 31 },
    })
    expect(readCreds(creds({ account: undefined }))!.paired).toBe(false)
    expect(readCreds(creds({ me: undefined }))).toMatchObject({ paired: false, phoneNumber: null })
    expect(readCreds(creds({ registered: false }))!.paired).toBe(true)
  })

  it('is nothing when it is damaged', () => {
    for (const content of [null, undefined, '', '{', 'null', '[]', '"x"', '1'])
      expect(readCreds(content)).toBeNull()
  })

  it('has no number that is not one', () => {
    for (const id of ['', 'x@s.whatsapp.net', '210000000000000:1@lid', '1555\n@s.whatsapp.net', 5, null]) {
      expect(readCreds(creds({ me: { id } }))!.phoneNumber).toBeNull()
    }
  })

  it('has marks of whole positive numbers only', () => {
    for (const nextPreKeyId of [-1, 1.5, '7', null, 2 ** 24]) {
      expect(readCreds(creds({ nextPreKeyId }))!.marks).toEqual({ nextPreKeyId: 0 })
    }
    expect(raiseMarks(null, { nextPreKeyId: 4 }, { nextPreKeyId: 3 }, undefined)).toEqual({ nextPreKeyId: 4 })
  })

  it('shows the last four digits of a number in logs', () => {
    expect(maskPhoneNumber('15550001234')).toBe('*******1234')
  })
})

const fixName = (key: string) => `${key.replaceAll('/', '__').replaceAll(':', '-')}.json`

/** The files that `useMultiFileAuthState` would have written. */
function filesOf(auth: MemoryAuth): Map<string, string> {
  const files = new Map([['creds.json', JSON.stringify(auth.creds, BufferJSON.replacer)]])
  for (const [key, value] of auth.values) files.set(fixName(key), JSON.stringify(value, BufferJSON.replacer))
  return files
}

function authOf(files: ReadonlyMap<string, string>): MemoryAuth {
  const auth = new MemoryAuth()
  auth.creds = JSON.parse(files.get('creds.json')!, BufferJSON.reviver)
  for (const [name, content] of files) {
    if (name === 'creds.json') continue
    const value: unknown = JSON.parse(content, BufferJSON.reviver)
    auth.values.set(name.replace(/\.json$/, ''), value)
  }
  const get = auth.keys.get
  // Files are named with `:` replaced, so a look-up goes by that name.
  auth.keys.get = async (type, ids) => {
    const found = await get(
      type,
      ids.map((id) => fixName(id).slice(0, -5)),
    )
    return Object.fromEntries(
      ids.map((id) => [id, found[fixName(id).slice(0, -5)]]).filter(([, v]) => v),
    ) as never
  }
  return auth
}
