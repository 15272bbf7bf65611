import { describe, expect, it } from 'vitest'
import { findLegacySession } from '../../src/replication/legacy.js'
import { TestStore, unavailable } from './stores.js'
import { codeOf, creds, tenantId } from './tenant-model.js'

async function bucket(files: Record<string, string>): Promise<TestStore> {
  const held = new TestStore()
  for (const [name, content] of Object.entries(files))
    await held.store.put(`${tenantId}/${name}`, Buffer.from(content))
  return held
}

const find = async (files: Record<string, string>) => findLegacySession((await bucket(files)).store, tenantId)

describe('a bucket of the older layout', () => {
  it('is not recognised without creds.json', async () => {
    expect(await find({})).toBeNull()
    expect(await find({ 'keys.json': '{}' })).toBeNull()
  })

  it('gives creds.json alone', async () => {
    const found = await find({ 'creds.json': creds() })
    expect(found).toEqual({ files: new Map([['creds.json', creds()]]), notUnderstood: [], downloads: 1 })
  })

  it('gives the key files beside it, whatever their type, and nothing of other folders', async () => {
    const found = await find({
      'creds.json': creds(),
      'pre-key-1.json': '{"a":1}',
      'lid-mapping-5.json': '"7"',
      'later-type-1.json': '{}',
      'notes.txt': 'x',
      'generations/x.json': '{}',
    })
    expect([...found!.files.keys()].sort()).toEqual(
      ['creds.json', 'later-type-1.json', 'lid-mapping-5.json', 'pre-key-1.json'].sort(),
    )
    expect(found!.notUnderstood).toEqual([])
  })

  const key = { public: 'p', private: 'q' }
  it.each([
    ['by name', { 'pre-key-1': key, 'session-1555.0': { s: 1 }, 'lid-mapping-5': '77' }],
    ['by file name', { 'pre-key-1.json': key, 'session-1555.0.json': { s: 1 }, 'lid-mapping-5.json': '77' }],
    ['by type', { 'pre-key': { 1: key }, session: { '1555.0': { s: 1 } }, 'lid-mapping': { 5: '77' } }],
    [
      'by type as in the single-file format',
      { preKeys: { 1: key }, sessions: { '1555.0': { s: 1 } }, 'lid-mapping': { 5: '77' } },
    ],
    ['under "keys"', { keys: { 'pre-key-1': key, session: { '1555.0': { s: 1 } }, 'lid-mapping-5': '77' } }],
    [
      'with values as text',
      { 'pre-key-1': JSON.stringify(key), session: { '1555.0': '{"s":1}' }, 'lid-mapping-5': '77' },
    ],
  ])('gives the keys of a keys.json %s', async (_, keys) => {
    const found = await find({ 'creds.json': creds(), 'keys.json': JSON.stringify(keys) })
    expect(found!.notUnderstood).toEqual([])
    expect(found!.files).toEqual(
      new Map([
        ['pre-key-1.json', JSON.stringify(key)],
        ['session-1555.0.json', '{"s":1}'],
        ['lid-mapping-5.json', '"77"'],
        ['creds.json', creds()],
      ]),
    )
  })

  it('names files as Baileys does', async () => {
    const keys = { 'app-state-sync-key': { 'AA/b:c': {} } }
    const found = await find({ 'creds.json': creds(), 'keys.json': JSON.stringify(keys) })
    expect([...found!.files.keys()]).toContain('app-state-sync-key-AA__b-c.json')
  })

  it('takes apart a single file that holds both', async () => {
    const one = JSON.stringify({ creds: { me: { id: 'x' } }, keys: { preKeys: { 1: {} } } })
    const found = await find({ 'creds.json': one })
    expect(found!.files).toEqual(
      new Map([
        ['pre-key-1.json', '{}'],
        ['creds.json', '{"me":{"id":"x"}}'],
      ]),
    )
  })

  it('prefers a key file to what keys.json says of it', async () => {
    const keys = JSON.stringify({ 'pre-key-1': { from: 'keys' } })
    const found = await find({
      'creds.json': creds(),
      'keys.json': keys,
      'pre-key-1.json': '{"from":"file"}',
    })
    expect(found!.files.get('pre-key-1.json')).toBe('{"from":"file"}')
  })

  it('keeps creds.json and says what it did not understand, without names', async () => {
    const keys = JSON.stringify({ blob: 'AAAA', 'pre-key-1': 5, 'session-1555.0': {}, '../up.json': {} })
    const found = await find({
      'creds.json': creds(),
      'keys.json': keys,
      'session-15551234567.json': '{"torn',
    })
    expect([...found!.files.keys()].sort()).toEqual(['creds.json', 'session-1555.0.json'])
    expect(found!.notUnderstood).toEqual([
      'keys.json: 3 entries of unknown shape',
      '1 damaged files of type session',
    ])
    for (const text of ['[]', 'torn{', '""']) {
      const other = await find({ 'creds.json': creds(), 'keys.json': text })
      expect(other!.notUnderstood).toEqual(['keys.json: no JSON object'])
      expect(other!.files.size).toBe(1)
    }
  })

  it('says corrupt, never "nothing", of a damaged creds.json', async () => {
    const held = await bucket({ 'creds.json': creds() })
    for (const content of ['', '{"me":', '[]', 'null']) {
      held.replaced.set(`${tenantId}/creds.json`, Buffer.from(content))
      expect(await codeOf(findLegacySession(held.store, tenantId))).toBe('corrupt')
    }
  })

  it('cannot be told while the store does not answer', async () => {
    const held = await bucket({ 'creds.json': creds() })
    for (const failing of ['list', 'get'] as const) {
      held.fault = (operation) => (operation === failing ? unavailable() : null)
      expect(await codeOf(findLegacySession(held.store, tenantId))).toBe('unavailable')
    }
  })
})
