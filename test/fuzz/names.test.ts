import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isKeyFileName, keyFileType } from '../../src/ports/key-file-name.js'
import { checkTenantId } from '../../src/ports/tenant-id.js'
import { findLegacySession } from '../../src/replication/legacy.js'
import {
  formatGenerationName,
  parseGenerationName,
  parseObjectKey,
} from '../../src/replication/object-names.js'
import { directoryStore } from '../../src/stores/directory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { checkObjectKey, checkPrefix } from '../../src/stores/object-key.js'
import { jsonText, jsonValue, keyFileName } from './support/arbitraries.js'
import { holds, resultOrRefusal } from './support/inputs.js'

const piece = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  '%2e',
  '%00',
  '\0',
  '\n',
  ' ',
  '#',
  '?',
  ':',
  'é',
  '.json',
  'a',
  '-1',
)
const nearNames = fc
  .array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 8 })
  .map((all) => all.join(''))
const anyText = fc.oneof(
  nearNames,
  fc.string({ unit: 'binary' }),
  keyFileName,
  fc.string({ minLength: 120, maxLength: 300 }),
)
const anything = fc.oneof({ weight: 5, arbitrary: anyText }, { weight: 1, arbitrary: fc.anything() })

function temporary(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'names-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('a name of a key file', () => {
  it('that is accepted is one file right in the folder, of at most 255 bytes, and no hidden one', async () => {
    await holds(5_000, anything, (name) => {
      if (!isKeyFileName(name)) return
      expect(path.join('/folder', name)).toBe(`/folder/${name}`)
      expect(path.win32.basename(name)).toBe(name)
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
      expect(name.startsWith('.')).toBe(false)
      expect(keyFileType(name)).toMatch(/^[a-z-]+$/)
    })
  })

  it('that Baileys makes is accepted', async () => {
    await holds(200, keyFileName, (name) => expect(isKeyFileName(name)).toBe(true))
  })
})

describe('a tenant id', () => {
  it('is refused as invalid, or is one folder that no encoding moves; the message never quotes it', async () => {
    await holds(5_000, anything, async (id) => {
      const checked = await resultOrRefusal(() => checkTenantId(id))
      if (checked instanceof Error) {
        expect(checked.code).toBe('invalid')
        const isLong = typeof id === 'string' && id.length > 12
        if (isLong) expect(checked.message).not.toContain(id)
        return
      }
      expect(path.join('/sessions', checked)).toBe(`/sessions/${checked}`)
      expect(new URL(`http://h/${checked}/x`).pathname).toBe(`/${checked}/x`)
      expect(parseObjectKey(checked, `${checked}/generations/x.json`)).toBeNull()
    })
  })
})

describe('the name of a generation', () => {
  const almost = fc
    .tuple(
      fc.nat(12_000_000_000),
      fc.nat(),
      fc.constantFrom('s', 'd', 'c', 'x'),
      fc.nat(20),
      fc.nat(20),
      fc.string(),
    )
    .map(
      ([seq, epoch, kind, snapshot, base, random]) =>
        `${String(seq).padStart(10, '0')}-${epoch}-${kind}${snapshot}.${base}-${random}`,
    )
  const whole = fc
    .tuple(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.nat(2 ** 31 - 1), fc.stringMatching(/^[a-z0-9]{10}$/))
    .map(([seq, epoch, random]) =>
      formatGenerationName({ seq, epoch, kind: 'snapshot', snapshotSeq: seq, baseSeq: seq, random }),
    )

  it('is read as what gives that very name again, or not at all', async () => {
    await holds(3_000, fc.oneof(almost, anyText), (text) => {
      const name = parseGenerationName(text)
      if (name) expect(formatGenerationName(name)).toBe(text)
    })
    await holds(500, whole, (text) => expect(parseGenerationName(text)).not.toBeNull())
  })
})

describe('an object key', () => {
  const keys = fc.oneof(
    anyText,
    fc
      .array(fc.oneof(piece, fc.stringMatching(/^[a-zA-Z0-9_@.-]{1,8}$/)), { maxLength: 5 })
      .map((all) => all.join('/')),
  )

  it('is refused as invalid, or stays within the root of a directory store and comes back from it', async () => {
    const base = temporary()
    const store = directoryStore({ path: path.join(base, 'root') })
    await store.check()
    const body = Buffer.from('"body"')
    await holds(400, keys, async (key) => {
      const accepted = await resultOrRefusal(() => checkObjectKey(key))
      const put = await resultOrRefusal(() => store.put(key, body))
      const got = await resultOrRefusal(() => store.get(key))
      if (accepted instanceof Error) {
        for (const refused of [accepted, put, got]) expect(refused).toMatchObject({ code: 'invalid' })
      } else if (put instanceof Error) expect(['exists', 'invalid']).toContain(put.code)
      else expect(got).toEqual(new Uint8Array(body))
      if (!(put instanceof Error)) await store.remove([key])
      expect(readdirSync(base)).toEqual(['root'])
    })
    await store.close()
  })

  it('or prefix of any kind is refused as invalid, or listed', async () => {
    const store = memoryStore()
    await holds(
      1_000,
      fc.oneof(
        keys,
        keys.map((key) => `${key}/`),
      ),
      async (prefix) => {
        const checked = await resultOrRefusal(() => checkPrefix(prefix))
        const listed = await resultOrRefusal(() => store.list(prefix))
        if (checked instanceof Error) expect(listed).toMatchObject({ code: 'invalid' })
        else expect(listed).toEqual([])
      },
    )
  })
})

describe('a backup in the older layout, whatever lies in it', () => {
  const bodies = fc.oneof(
    jsonText.map((text) => Buffer.from(text)),
    fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes)),
    fc.dictionary(keyFileName, jsonValue).map((keys) => Buffer.from(JSON.stringify({ keys }))),
    fc
      .dictionary(fc.constantFrom('preKeys', 'sessions', 'x', '__proto__'), fc.dictionary(anyText, jsonValue))
      .map((keys) => Buffer.from(JSON.stringify(keys))),
    fc.constantFrom('{"me":"\ufffd"}', '{"a":"\\ud800"}', '"\\ud800"').map((text) => Buffer.from(text)),
    fc.constant(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])),
  )

  it('is refused as corrupt, or imported as key files that the session folder takes; nothing is guessed', async () => {
    const { checkKeyFile } = await import('../../src/session/key-file.js')
    await holds(
      500,
      fc.tuple(bodies, fc.option(bodies), fc.option(bodies)),
      async ([creds, keys, session]) => {
        const store = memoryStore()
        await store.put('t/creds.json', creds)
        if (keys) await store.put('t/keys.json', keys)
        if (session) await store.put('t/session-1.json', session)
        const found = await resultOrRefusal(() => findLegacySession(store, 't'))
        if (found instanceof Error) expect(found.code).toBe('corrupt')
        else {
          for (const [name, content] of found!.files) {
            checkKeyFile(name, content)
            // A byte that is no UTF-8 must not become a replacement character.
            const sources = [creds, keys, session].filter((body) => body !== null).map(String)
            if (content.includes('\ufffd')) {
              expect([creds, keys, session].some((body) => body?.includes(Buffer.from('\ufffd')))).toBe(true)
            }
            expect(sources.length).toBeGreaterThan(0)
          }
        }
      },
    )
  })
})
