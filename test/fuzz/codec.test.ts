import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashKeyFile, maxKeyFileDepth } from '../../src/replication/hash.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { memoryStore } from '../../src/stores/memory.js'
import { TenantModel, tenantId } from '../replication/tenant-model.js'
import { jsonText, keyFileName, keyFiles } from './support/arbitraries.js'
import { holds, refusalOf, resultOrRefusal, tried } from './support/inputs.js'

const objectBytes = fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constant(4 * 1024 * 1024))

async function restored(tenant: TenantModel) {
  return (await restoreGeneration(tenant.store, tenantId, tenant.head!)).files
}

describe('any set of key files', () => {
  it('comes back from the store byte for byte, in objects of any size', async () => {
    await holds(250, fc.tuple(keyFiles, objectBytes), async ([files, maxObjectBytes]) => {
      const tenant = new TenantModel(memoryStore(), { maxObjectBytes })
      await tenant.commit(files)
      expect(await restored(tenant)).toEqual(files)
    })
  })

  it('comes back after any number of changes, as each generation left it', async () => {
    const change = fc.array(fc.tuple(keyFileName, fc.option(jsonText, { freq: 3 })), { maxLength: 6 })
    const history = fc.array(change, { minLength: 1, maxLength: 8 })
    await holds(80, fc.tuple(keyFiles, history), async ([files, changes]) => {
      const tenant = new TenantModel(memoryStore(), { settings: { cumulativeEvery: 3 } })
      await tenant.commit(files)
      for (const batch of changes) {
        const real = batch.filter(([name, content]) => content !== null || tenant.files.has(name))
        await tenant.commit(new Map(real))
      }
      for (const { head, files: then } of tenant.commits) {
        expect((await restoreGeneration(tenant.store, tenantId, head)).files).toEqual(then)
      }
    })
  })

  it('comes back when it is large and does not compress', async () => {
    await holds(
      4,
      fc.tuple(fc.integer({ min: 200_000, max: 2_000_000 }), objectBytes),
      async ([bytes, max]) => {
        const noise = createHash('shake256', { outputLength: bytes }).update(`${bytes}`).digest('base64')
        const files = new Map([['sender-key-1.json', JSON.stringify(noise)]])
        const tenant = new TenantModel(memoryStore(), { maxObjectBytes: Math.max(max, 20_000) })
        await tenant.commit(files)
        expect(await restored(tenant)).toEqual(files)
      },
    )
  })
})

describe('whatever is asked to be backed up', () => {
  const anyName = fc.oneof(
    keyFileName,
    fc.string({ unit: 'binary' }),
    fc.constantFrom('../x.json', '/x.json', '.x.json', 'x', '', '__proto__', `${'x'.repeat(300)}.json`),
  )
  const anyText = fc.oneof(
    jsonText,
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      'null',
      '{',
      '[]',
      '"\ud800"',
      '1e999',
      '[1,]',
      `${'['.repeat(9e4)}${']'.repeat(9e4)}`,
    ),
    fc.integer({ min: 100, max: 12_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  )
  const anyCreds = fc.option(fc.tuple(fc.constant('creds.json'), anyText), { nil: undefined, freq: 3 })

  it('is either refused before anything is uploaded, or restores to exactly that', async () => {
    const anyFiles = fc.tuple(fc.array(fc.tuple(anyName, anyText), { maxLength: 3 }), anyCreds)
    await holds(600, anyFiles, async ([entries, creds]) => {
      const files = new Map(creds ? [...entries, creds] : entries)
      const tenant = new TenantModel(memoryStore())
      const made = await resultOrRefusal(() => tenant.commit(files))
      if (made instanceof Error) {
        expect(['invalid', 'corrupt']).toContain(made.code)
        expect(await tenant.store.list(`${tenantId}/`)).toEqual([])
      } else expect(await restored(tenant)).toEqual(files)
    })
  })

  it('is refused by name alone when the name is a path, hidden, too long or no JSON file', async () => {
    const bad = fc.oneof(
      fc.constantFrom(
        '../x.json',
        '/x.json',
        'a/b.json',
        '.x.json',
        '.journal',
        'x',
        'x.json\0',
        '',
        'ä.json',
      ),
      keyFileName.map((name) => `../${name}`),
      keyFileName.map((name) => name.slice(0, -1)),
      fc.integer({ min: 251, max: 400 }).map((length) => `${'x'.repeat(length)}.json`),
    )
    await holds(100, bad, async (name) => {
      const tenant = new TenantModel(memoryStore())
      expect((await refusalOf(() => tenant.commit(new Map([[name, '{}']])))).code).toBe('invalid')
    })
  })

  it('is refused under a lease epoch that no registry column holds: its name would not be read again', async () => {
    await holds(100, fc.integer({ min: 1, max: 2 ** 33 }), async (epoch) => {
      const tenant = new TenantModel(memoryStore(), { epoch })
      const made = await resultOrRefusal(() => tenant.commit(new Map([['creds.json', '{}']])))
      if (made instanceof Error) {
        expect(made.code).toBe('tooLarge')
        expect(epoch).toBeGreaterThan(2 ** 31 - 1)
      } else expect((await restored(tenant)).size).toBe(1)
    })
  })

  it('is judged by its own depth, not by how much stack the caller has left', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    const fromBelow = (frames: number, text: string): string | null =>
      frames === 0 ? hashKeyFile(text) : fromBelow(frames - 1, text)
    for (let levels = maxKeyFileDepth - 5; levels < 7_000; levels = Math.ceil(levels * 1.003)) {
      tried()
      const accepted = hashKeyFile(deep(levels)) !== null
      expect(accepted).toBe(levels <= maxKeyFileDepth)
      expect(fromBelow(4_000, deep(levels)) !== null).toBe(accepted)
    }
  })
})
