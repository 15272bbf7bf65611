import fc from 'fast-check'
import { maxKeyFileNameBytes } from '../../../src/ports/key-file-name.js'

/** Any value that JSON can say but `null`, which no key file holds; nested, large and unicode ones included. */
export const jsonValue: fc.Arbitrary<NonNullable<fc.JsonValue>> = fc
  .oneof(
    { weight: 6, arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' }) },
    { weight: 1, arbitrary: fc.nat(300).map(nested) },
    { weight: 1, arbitrary: fc.constantFrom(-0, 1e308, 5e-324, 2 ** 53, '', '\u2028', '\u0000', [], {}) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('__proto__', 'toJSON', '0', ''), fc.jsonValue()) },
  )
  .filter((value): value is NonNullable<fc.JsonValue> => value !== null)

function nested(depth: number): fc.JsonValue {
  let value: fc.JsonValue = 'core'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** JSON text of a key file as any program may write it: with blanks, escapes and keys in any order. */
export const jsonText: fc.Arbitrary<string> = fc
  .tuple(jsonValue, fc.constantFrom(0, 2, '\t'), fc.constantFrom('', ' ', '\n'))
  .map(([value, indent, end]) => JSON.stringify(value, null, indent) + end)
  .filter((text) => !/\p{Surrogate}/u.test(text))

const types = [
  'session',
  'pre-key',
  'sender-key',
  'lid-mapping',
  'device-list',
  'later-type',
  '__proto__',
  '0',
]
const allowed = fc.stringMatching(/^[ -.0-9;-[\]-~]{0,40}$/)

/** Names that key files may have: the ones of Baileys, and the odd ones that the rule lets through. */
export const keyFileName: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(fc.constantFrom(...types), allowed).map(([type, id]) => `${type}-${id}.json`),
  fc.constantFrom('__proto__.json', 'constructor.json', '0.json', 'a.json.json', '~.json', 'con.json'),
  fc.constant(`${'n'.repeat(maxKeyFileNameBytes - 5)}.json`),
)

/** A set of key files by name, creds.json among them or not. */
export const keyFiles: fc.Arbitrary<Map<string, string>> = fc
  .tuple(
    fc.array(fc.tuple(keyFileName, jsonText), { maxLength: 12 }),
    fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }),
  )
  .map(([entries, creds]) => {
    const files = new Map(entries)
    if (creds !== undefined) files.set('creds.json', JSON.stringify(creds))
    return files
  })
