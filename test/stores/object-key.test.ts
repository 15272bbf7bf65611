import path from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isSessionError } from '../../src/errors.js'
import { checkObjectKey, checkPrefix } from '../../src/stores/object-key.js'

/** Strings near the border: pieces that are harmful among pieces that are fine. */
const piece = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '/',
    '//',
    '%2e',
    '%2F',
    '#',
    '?',
    '\\',
    '\0',
    '\n',
    ' ',
    '+',
    'ä',
    ':',
    '~',
    '@',
    '-',
    '_',
  ),
  fc.stringMatching(/^[A-Za-z0-9._@-]{1,8}$/),
)
const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._@-]{0,8}$/)
const anyKey = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc
    .array(fc.oneof({ weight: 8, arbitrary: segment }, piece), { minLength: 1, maxLength: 4 })
    .map((all) => all.join('/')),
  fc.string({ unit: 'binary' }),
)

function accepted(check: (key: string) => unknown, key: string): boolean {
  try {
    check(key)
    return true
  } catch (error) {
    if (!isSessionError(error, 'invalid')) throw error
    return false
  }
}

it('accepts only keys that reach exactly their own path, in a URL and in a directory', () => {
  let fine = 0
  fc.assert(
    fc.property(anyKey, (key) => {
      if (!accepted(checkObjectKey, key)) return
      fine++
      // Neither the client's URL parser nor a server's decoding may move it.
      const url = new URL(`http://127.0.0.1/storage/v1/object/bucket/${key}`)
      expect(decodeURIComponent(url.pathname)).toBe(`/storage/v1/object/bucket/${key}`)
      expect(`${url.search}${url.hash}`).toBe('')
      expect(path.join('/store', key)).toBe(`/store/${key}`)
      expect(key.split('/').length).toBeGreaterThan(1)
    }),
    { numRuns: 20_000 },
  )
  expect(fine).toBeGreaterThan(100)
})

it('accepts a prefix exactly when a key below it would be accepted', () => {
  fc.assert(
    fc.property(anyKey, (prefix) => {
      const expected = prefix.endsWith('/') && accepted(checkObjectKey, `${prefix}x`)
      expect(accepted(checkPrefix, prefix)).toBe(expected)
    }),
    { numRuns: 20_000 },
  )
})

it('refuses what is not a string', () => {
  for (const value of [undefined, null, 1, {}, ['tenant', 'a']]) {
    expect(accepted(checkObjectKey, value as never as string)).toBe(false)
    expect(accepted(checkPrefix, value as never as string)).toBe(false)
  }
})
