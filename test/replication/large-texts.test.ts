import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKeyFileName } from '../../src/ports/key-file-name.js'
import { decodeBase64, encodeBase64 } from '../../src/replication/base64.js'
import { putData } from '../../src/replication/data-field.js'
import { canonicalJson, hashKeyFile } from '../../src/replication/hash.js'
import { payloadBytes } from '../../src/replication/payload.js'
import { parseCanonical } from '../../src/replication/read-document.js'
import { readPayload } from '../../src/replication/read-payload.js'
import { textOfUtf8 } from '../../src/utf8.js'

/* What is read in pieces, so that no large text is made, means exactly what reading it as one text would. */

describe('a payload, read string by string', () => {
  it('gives what was written, whatever the contents are', () => {
    fc.assert(
      fc.property(fc.dictionary(fileNames, fc.option(fc.json())), (changes) => {
        const valid = new Map(Object.entries(changes).filter(([name, content]) => isValid(name, content)))
        expect(read(payloadText(valid))?.changes).toEqual(valid)
        expect(payloadBytes(valid).toString()).toBe(payloadText(valid))
      }),
    )
  })

  it('is refused in every other form of the same value, and in every other text', () => {
    const written = payloadText(
      new Map([
        ['creds.json', '{"me":"\\u00fc \\" ü \\n"}'],
        ['pre-key-1.json', '[]'],
        ['session-1.json', null],
        ['session-2.json', null],
      ]),
    )
    fc.assert(
      fc.property(fc.nat(written.length), fc.nat(3), fc.constantFrom(...pieces), (at, cut, put) => {
        const text = written.slice(0, at) + put + written.slice(at + cut)
        expect(read(text) !== null).toBe(isStable(text))
      }),
      { numRuns: 20_000 },
    )
  })

  it('is refused when it is cut anywhere, or has more behind it', () => {
    const written = payloadText(new Map([['creds.json', '{"a":"\\\\"}']]))
    for (let at = 0; at < written.length; at++) expect(read(written.slice(0, at))).toBeNull()
    expect(read(`${written} `)).toBeNull()
    expect(read(written)).not.toBeNull()
  })

  it('is refused when it is not UTF-8', () => {
    const written = Buffer.from(payloadText(new Map([['creds.json', '{"a":"ü"}']])))
    written[written.indexOf('ü')] = 0xff
    expect(() => readPayload(written, refuse)).toThrow(/UTF-8/)
  })
})

it('a document that has no empty data is not written with some', () => {
  for (const text of ['{}', '{"data":null}', '{"data":"QUJD"}'])
    expect(() => putData(text, Buffer.from('ABC'))).toThrow(TypeError)
})

describe('a document whose data is read apart', () => {
  const parsed = (value: unknown) => parseCanonical('key', Buffer.from(canonicalJson(value)))

  it.each([0, 1, 2, 3, 4, 36_863, 36_864, 36_865, 73_728, 200_000])('gives back %d bytes', (length) => {
    const bytes = randomBytes(length)
    const { fields, data } = parsed({ a: 1, payload: { bytes: length, data: bytes.toString('base64') } })
    expect(data).toEqual(bytes)
    expect(fields).toEqual({ a: 1, payload: { bytes: length, data: '' } })
  })

  it('has none where it is null or not there', () => {
    expect(parsed({ payload: { data: null } }).data).toBeNull()
    expect(parsed({ payload: {} }).data).toBeNull()
  })

  it('is not found inside of a text', () => {
    const value = { a: ',"data":"AAAA"', b: '\\,"data":"', payload: { data: 'QUJD' } }
    expect(parsed(value)).toEqual({ fields: { ...value, payload: { data: '' } }, data: Buffer.from('ABC') })
  })

  it('is not the value of a name that ends in the same way', () => {
    const value = { 'x"data': 'QUJD' }
    expect(parsed(value)).toEqual({ fields: value, data: null })
  })

  it('shows by the field that is empty which one was read', () => {
    expect(parsed({ a: { data: 'QUJD' }, payload: { data: 'REVG' } }).fields).toEqual({
      ...{ a: { data: '' }, payload: { data: 'REVG' } },
    })
  })

  it.each([
    'A',
    'QUI',
    'QUJD!',
    'QU=D',
    'QUJDQQ==QUJD',
    'QUJ\\u0044',
    'QUJ\n',
    'ÄUJ',
  ])('is refused when its data is %j', (data) => {
    const body = Buffer.from(`{"payload":{"data":"${data}"}}`)
    expect(() => parseCanonical('key', body)).toThrow(/no base64|JSON/)
  })

  it('is refused when the text around its data is in another form', () => {
    for (const text of [
      '{"payload": {"data":"QUJD"}}',
      '{"payload":{"data":"QUJD"} }',
      '{"b":1,"a":{"data":""}}',
    ])
      expect(() => parseCanonical('key', Buffer.from(text))).toThrow(/canonical/)
  })
})

it('base64 is written as Node writes it', () => {
  for (const length of [0, 1, 2, 3, 36_863, 36_864, 36_865, 100_000]) {
    const bytes = randomBytes(length)
    expect(encodeBase64(bytes).toString()).toBe(bytes.toString('base64'))
  }
})

it('a payload of many pieces is one text', () => {
  const files = new Map(
    Array.from({ length: 3_000 }, (_, n) => [`pre-key-${n}.json`, `{"ü":"${'x'.repeat(n % 90)}"}`]),
  )
  expect(payloadBytes(files).toString()).toBe(payloadText(files))
  expect(payloadBytes(new Map()).toString()).toBe('{"deletes":[],"puts":{}}')
})

it('base64 is decoded as Node decodes it, or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'b', '3', '+', '/', '=', ' ', 'é') }), (text) => {
      const bytes = Buffer.from(text, 'base64')
      const isWhole = bytes.toString('base64').length === text.length && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
      expect(decodeBase64(Buffer.from(text))).toEqual(isWhole ? bytes : undefined)
    }),
  )
})

const fileNames = fc.oneof(
  fc.constantFrom('creds.json', 'pre-key-1.json', 'pre-key-10.json', 'a"b.json', '1.json'),
  fc.string({ maxLength: 5 }).map((text) => `${text}.json`),
)

const pieces = [
  '',
  ' ',
  ',',
  '"',
  '\\',
  '\\u0061',
  '\\/',
  '{',
  '}',
  'a',
  '1',
  'é',
  '\u0000',
  ':',
  '"a.json":"1",',
]

/** As one text: stable JSON of `{ deletes, puts }`. */
function payloadText(changes: ReadonlyMap<string, string | null>): string {
  const puts: [string, string][] = []
  const deletes: string[] = []
  for (const name of [...changes.keys()].sort()) {
    const content = changes.get(name)
    if (typeof content === 'string') puts.push([name, content])
    else deletes.push(name)
  }
  return JSON.stringify({ deletes, puts: Object.fromEntries(puts) })
}

function isValid(name: string, content: string | null): boolean {
  return isKeyFileName(name) && (content === null || hashKeyFile(content, name) !== null)
}

function read(text: string) {
  try {
    return readPayload(Buffer.from(text), refuse)
  } catch {
    return null
  }
}

function refuse(reason: string): never {
  throw new Error(reason)
}

/** As one text: what its value would be written as. */
function isStable(text: string): boolean {
  try {
    const { deletes, puts } = JSON.parse(textOfUtf8(Buffer.from(text)))
    const all = [...Object.entries<string>(puts), ...deletes.map((name: string) => [name, null])]
    if (!all.every(([name, content]) => isValid(name, content))) return false
    return new Map(all).size === all.length && payloadText(new Map(all)) === text
  } catch {
    return false
  }
}
