import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openPayload } from '../../src/replication/codec.js'
import {
  type GenerationDocument,
  type UnsignedDocument,
  writeDocument,
} from '../../src/replication/generation.js'
import { canonicalJson } from '../../src/replication/hash.js'
import type { PayloadCipher } from '../../src/replication/payload.js'
import { readDocument } from '../../src/replication/read-document.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { TestStore } from './stores.js'
import { batch, codeOf, creds, TenantModel, tenantId } from './tenant-model.js'

const names = fc
  .tuple(fc.constantFrom('session', 'pre-key', 'x'), fc.string({ unit: 'grapheme-ascii', maxLength: 20 }))
  .map(([type, id]) => `${type}-${id.replace(/[/\\:]/g, '_')}.json`)
const contents = fc.oneof(
  fc.jsonValue().filter((value) => typeof value === 'object' && value !== null),
  fc.string({ unit: 'binary' }),
)
const batches = fc.dictionary(names, contents, { minKeys: 1, maxKeys: 12, noNullPrototype: true }).map(batch)

describe('a generation', () => {
  it('gives back exactly the files it was made of', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 2000, max: 20_000 }), async (files, maxObjectBytes) => {
        const { store } = new TestStore()
        const tenant = new TenantModel(store, { maxObjectBytes })
        await tenant.commit(files)
        const restored = await restoreGeneration(store, tenantId, tenant.head!)
        expect(restored.files).toEqual(tenant.files)
        expect(restored.head).toEqual(tenant.head)
      }),
      { numRuns: 100 },
    )
  })

  it('is detected as corrupt after any flip of a bit in any of its objects', async () => {
    const { held, tenant, keys } = await threeGenerations()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...keys),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(7),
        async (key, at, bit) => {
          const body = await held.body(key)
          const index = Math.min(body.length - 1, Math.floor(at * body.length))
          body[index]! ^= 1 << bit
          held.replaced.set(key, body)
          try {
            const { key: headKey, digest } = tenant.head!
            expect(await codeOf(restoreGeneration(held.store, tenantId, { key: headKey }))).toBe('corrupt')
            expect(await codeOf(restoreGeneration(held.store, tenantId, { key: headKey, digest }))).toBe(
              'corrupt',
            )
          } finally {
            held.replaced.delete(key)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('is detected as corrupt after a flip of every single bit of an unlisted head', async () => {
    const { held, tenant } = await threeGenerations()
    const { key } = tenant.head!
    const body = await held.body(key)
    for (let bit = 0; bit < body.length * 8; bit++) {
      body[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => readDocument(tenantId, key, body)).toThrow(expect.objectContaining({ code: 'corrupt' }))
      body[bit >> 3]! ^= 1 << (bit & 7)
    }
  })

  it('is detected as corrupt when its JSON means the same and is written otherwise', async () => {
    const { held, tenant } = await threeGenerations()
    const { key } = tenant.head!
    const text = (await held.body(key)).toString()
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace('{', '{"seq":9,'),
      text.replace('"kind"', '"\\u006bind"'),
    ]) {
      expect(() => readDocument(tenantId, key, Buffer.from(other))).toThrow(/canonical/)
    }
  })

  it('is detected as corrupt when another whole document lies under a name of its chain', async () => {
    const { held, tenant, keys } = await threeGenerations()
    for (const key of keys.filter((each) => !each.includes('.part-'))) {
      for (const change of [{ createdAt: 5 }, { tree: 'c'.repeat(64) }]) {
        const { digest: _, ...fields } = JSON.parse((await held.body(key)).toString()) as GenerationDocument
        held.replaced.set(key, writeDocument({ ...fields, ...change }).body)
        expect(await codeOf(restoreGeneration(held.store, tenantId, tenant.head!))).toBe('corrupt')
        const unlisted = restoreGeneration(held.store, tenantId, { key: tenant.head!.key })
        if (key !== tenant.head!.key || change.tree) expect(await codeOf(unlisted)).toBe('corrupt')
        else await unlisted
        held.replaced.delete(key)
      }
    }
  })

  it('is detected as corrupt after any truncation of any of its objects', async () => {
    const { held, tenant, keys } = await threeGenerations()
    for (const key of keys) {
      const body = await held.body(key)
      const lengths = [
        0,
        1,
        2,
        body.length - 1,
        ...Array.from({ length: 40 }, (_, i) => Math.floor((body.length * i) / 40)),
      ]
      for (const length of lengths) {
        held.replaced.set(key, body.subarray(0, length))
        expect(await codeOf(restoreGeneration(held.store, tenantId, { key: tenant.head!.key }))).toBe(
          'corrupt',
        )
      }
      held.replaced.delete(key)
    }
  })

  it('is refused when one of its objects was put in the place of another', async () => {
    const { held, tenant, keys } = await threeGenerations()
    for (const key of keys) {
      for (const other of keys.filter((each) => each !== key)) {
        held.replaced.set(key, await held.body(other))
        expect(await codeOf(restoreGeneration(held.store, tenantId, tenant.head!))).toBe('corrupt')
        held.replaced.delete(key)
      }
    }
  })

  it('never shows a content or a file name in an error', async () => {
    const { held, tenant, keys } = await threeGenerations()
    for (const key of keys) {
      const body = await held.body(key)
      held.replaced.set(key, Buffer.concat([body, Buffer.from('"secret-of-15551234567"')]))
      const error = await restoreGeneration(held.store, tenantId, tenant.head!).catch(
        (reason: Error) => reason,
      )
      expect(JSON.stringify([String(error), String((error as Error).cause)])).not.toMatch(
        /15551234567|secret/,
      )
      expect(String(error)).toContain(key)
      held.replaced.delete(key)
    }
  })
})

describe('a payload above the limit of an object', () => {
  it('is split into parts that are uploaded before the generation', async () => {
    const { store, requests } = new TestStore()
    const tenant = new TenantModel(store, { maxObjectBytes: 4000 })
    const noise = createHash('shake256', { outputLength: 20_000 }).update('noise').digest('base64')
    const made = await tenant.commit(batch({ 'creds.json': {}, 'session-1.json': { noise } }))
    expect(made.objects.length).toBeGreaterThan(5)
    expect(made.objects.at(-1)!.key).toBe(made.head.key)
    for (const { body } of made.objects) expect(body.length).toBeLessThanOrEqual(4000)
    expect(requests.put).toBe(made.objects.length)
    expect((await restoreGeneration(store, tenantId, made.head)).files).toEqual(tenant.files)
  })

  it('does not restore while a part is missing', async () => {
    const held = new TestStore()
    const tenant = new TenantModel(held.store, { maxObjectBytes: 2000 })
    const noise = createHash('shake256', { outputLength: 5000 }).update('noise').digest('base64')
    const made = await tenant.commit(batch({ 'session-1.json': { noise } }))
    held.replaced.set(made.objects[1]!.key, null)
    expect(await codeOf(restoreGeneration(held.store, tenantId, made.head))).toBe('missing')
  })
})

describe('a hostile document with right digests', () => {
  const payloads: [what: string, text: string][] = [
    ['climbs out of the folder', '{"deletes":[],"puts":{"../evil.json":"{}"}}'],
    ['names an absolute path', '{"deletes":[],"puts":{"/etc/evil.json":"{}"}}'],
    ['names a hidden file', '{"deletes":[],"puts":{".bashrc.json":"{}"}}'],
    ['names no key file', '{"deletes":[],"puts":{"run.sh":"{}"}}'],
    ['names a prototype', '{"deletes":[],"puts":{"__proto__":"{}"}}'],
    ['deletes outside of the folder', '{"deletes":["../../x.json"],"puts":{}}'],
    ['deletes a number', '{"deletes":[1],"puts":{}}'],
    ['holds a torn file', '{"deletes":[],"puts":{"session-1.json":"{\\"a\\":"}}'],
    ['holds an empty file', '{"deletes":[],"puts":{"creds.json":""}}'],
    ['holds null as a file', '{"deletes":[],"puts":{"creds.json":"null"}}'],
    ['holds a file that is no text', '{"deletes":[],"puts":{"creds.json":{}}}'],
    ['names a file twice', '{"deletes":[],"puts":{"a.json":"{}","a.json":"[]"}}'],
    ['deletes a file twice', '{"deletes":["a.json","a.json"],"puts":{}}'],
    ['puts and deletes a file', '{"deletes":["a.json"],"puts":{"a.json":"{}"}}'],
    ['is not in stable form', '{"puts":{"a.json":"{}"},"deletes":[]}'],
    ['has a field too many', '{"deletes":[],"more":1,"puts":{}}'],
    ['is no object', '[]'],
    ['is no JSON', 'deletes'],
  ]

  it.each(payloads)('is refused when its payload %s', async (_, text) => {
    expect(await codeOf(open(document({ text })))).toBe('corrupt')
  })

  it('is refused when its payload unpacks to more than it declares, without unpacking it', async () => {
    const bomb = document({ packed: gzipSync(Buffer.alloc(64 * 1024 * 1024)), plainBytes: 1000 })
    // Not the reason that a payload unpacked whole would be refused for.
    await expect(open(bomb)).rejects.toThrow(/does not unpack to what it declares/)
  })

  it('is refused when its payload unpacks to less than it declares', async () => {
    expect(await codeOf(open(document({ text: '{"deletes":[],"puts":{}}', plainBytes: 5000 })))).toBe(
      'corrupt',
    )
  })

  it('is refused when it declares more than is ever unpacked', () => {
    const { key, body } = document({ text: '{"deletes":[],"puts":{}}', plainBytes: 2 ** 40 })
    expect(() => readDocument(tenantId, key, body)).toThrow(/payload is wrong/)
  })

  const fields: [what: string, change: Partial<Record<keyof UnsignedDocument | 'more', unknown>>][] = [
    ['belongs to another tenant', { tenant: 'tenant-2' }],
    ['has another number than its name', { seq: 2, parent: { seq: 1, digest: 'a'.repeat(64) }, baseSeq: 2 }],
    ['has another epoch than its name', { epoch: 9 }],
    ['has a fraction as a number', { seq: 1.5 }],
    ['has a negative epoch', { epoch: -1 }],
    ['is of an unknown format', { format: 'baileys-session-supervisor/generation/99' }],
    ['is of an unknown kind', { kind: 'archive' }],
    ['has a parent and is the first', { parent: { seq: 0, digest: 'a'.repeat(64) } }],
    ['builds on itself', { snapshot: { seq: 1, digest: 'a'.repeat(64) } }],
    ['has a chain it needs none of', { chain: ['0000000001-1-s1.1-aaaaaaaaaa'] }],
    ['has a chain that leaves the folder', { chain: ['../../other/generations/x'] }],
    ['has a field too many', { more: 1 }],
    ['has a tree that is no digest', { tree: 'x' }],
  ]

  it.each(fields)('is refused when it %s', (_, change) => {
    const { key, body } = document({ text: '{"deletes":[],"puts":{}}' }, change)
    expect(() => readDocument(tenantId, key, body)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  it('is refused when it nests deeper than the stack', () => {
    const { key } = document({ text: '{"deletes":[],"puts":{}}' })
    const deep = Buffer.from(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
    expect(() => readDocument(tenantId, key, deep)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  it('is refused whatever it is, never crashing', () => {
    const { key } = document({ text: '{"deletes":[],"puts":{}}' })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          fc.jsonValue().map((value) => Buffer.from(canonicalJson(value))),
        ),
        (body) => {
          expect(() => readDocument(tenantId, key, body)).toThrow(
            expect.objectContaining({ code: 'corrupt' }),
          )
        },
      ),
    )
  })
})

describe('an encrypted payload', () => {
  const cipher = (key: number): PayloadCipher => ({
    name: 'xor',
    seal: (bytes, context) => ({ bytes: mix(bytes, key), header: `${key}:${context}` }),
    open: (bytes, header, context) => {
      if (header !== `${key}:${context}`) throw new Error('wrong key')
      return mix(bytes, key)
    },
  })
  const mix = (bytes: Buffer, key: number) => Buffer.from(bytes.map((byte) => byte ^ key))

  it('opens with its key', async () => {
    const { store } = new TestStore()
    const tenant = new TenantModel(store, { cipher: cipher(7) })
    await tenant.commit(new Map([['creds.json', creds()]]))
    const restored = await restoreGeneration(store, tenantId, tenant.head!, { cipher: cipher(7) })
    expect(restored.files).toEqual(tenant.files)
  })

  it('is denied, not corrupt, without the key or with another', async () => {
    const { store } = new TestStore()
    const tenant = new TenantModel(store, { cipher: cipher(7) })
    await tenant.commit(new Map([['creds.json', creds()]]))
    expect(await codeOf(restoreGeneration(store, tenantId, tenant.head!))).toBe('denied')
    expect(await codeOf(restoreGeneration(store, tenantId, tenant.head!, { cipher: cipher(8) }))).toBe(
      'denied',
    )
  })
})

async function threeGenerations() {
  const held = new TestStore()
  const tenant = new TenantModel(held.store, { maxObjectBytes: 2600, settings: { cumulativeEvery: 2 } })
  const noise = createHash('shake256', { outputLength: 2000 }).update('noise').digest('base64')
  await tenant.commit(batch({ 'creds.json': { nextPreKeyId: 3 }, 'session-15551234567.json': { noise } }))
  await tenant.commit(batch({ 'pre-key-1.json': { a: 1 } }))
  await tenant.commit(batch({ 'pre-key-2.json': { a: 2 } }))
  await tenant.commit(batch({ 'pre-key-1.json': null }))
  const last = tenant.commits.map(({ made }) => made)
  expect(last.map(({ plan }) => plan.kind)).toEqual(['snapshot', 'delta', 'cumulative', 'delta'])
  expect(last[0]!.objects.length).toBeGreaterThan(1)
  const keys = [last[0]!, last[2]!, last[3]!].flatMap(({ objects }) => objects.map(({ key }) => key))
  return { held, tenant, keys }
}

/** A first snapshot that is right in all but what is given. */
function document(
  payload: { text?: string; packed?: Buffer; plainBytes?: number },
  change: Record<string, unknown> = {},
) {
  const text = payload.text ?? ''
  const packed = payload.packed ?? gzipSync(text)
  const fields = {
    format: 'baileys-session-supervisor/generation/1',
    tenant: tenantId,
    seq: 1,
    epoch: 1,
    kind: 'snapshot',
    parent: null,
    snapshot: null,
    baseSeq: 1,
    random: 'aaaaaaaaaa',
    createdAt: 1,
    files: 0,
    bytes: 0,
    tree: 'b'.repeat(64),
    marks: { nextPreKeyId: 0 },
    chain: [],
    payload: {
      encoding: 'gzip',
      header: null,
      sha256: createHash('sha256').update(packed).digest('hex'),
      bytes: packed.length,
      plainBytes: payload.plainBytes ?? Buffer.byteLength(text),
      data: packed.toString('base64'),
      parts: [],
    },
    ...change,
  } as unknown as UnsignedDocument
  const { body } = writeDocument(fields)
  return { key: `${tenantId}/generations/0000000001-1-s1.1-aaaaaaaaaa.json`, body }
}

async function open({ key, body }: { key: string; body: Buffer }): Promise<unknown> {
  const { document, data } = readDocument(tenantId, key, body)
  return openPayload(key, document, data!, null)
}
