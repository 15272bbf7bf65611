import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { findHead } from '../../src/replication/find-head.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { restoreNewest } from '../../src/replication/walk-back.js'
import { TestStore } from '../replication/stores.js'
import { batch, TenantModel, tenantId } from '../replication/tenant-model.js'
import { holds, refusalOf, tried } from './support/inputs.js'

/** A chain of a split snapshot, a cumulative and a delta in a store that shows damaged bodies when told to. */
async function chain(noiseBytes: number, maxObjectBytes: number) {
  const held = new TestStore()
  const settings = { cumulativeEvery: 2 }
  const tenant = new TenantModel(held.store, { maxObjectBytes, settings })
  const noise = createHash('shake256', { outputLength: noiseBytes }).update('noise').digest('base64')
  await tenant.commit(batch({ 'creds.json': { nextPreKeyId: 3 }, 'session-1.json': { noise } }))
  for (const n of [1, 2, 3]) await tenant.commit(batch({ [`pre-key-${n}.json`]: { n } }))
  const made = tenant.commits.map((commit) => commit.made)
  expect(made.map(({ plan }) => plan.kind)).toEqual(['snapshot', 'delta', 'cumulative', 'delta'])
  expect(made[0]!.objects.length).toBeGreaterThan(1)
  const needed = [made[0]!, made[2]!, made[3]!]
  const bodies = new Map(needed.flatMap(({ objects }) => objects.map(({ key, body }) => [key, body])))
  return { held, tenant, bodies, generations: needed.map(({ head }) => head.key) }
}

type Chain = Awaited<ReturnType<typeof chain>>

/** Restoring the damaged chain is refused as corrupt, by a message that names the object. */
async function expectDetected({ held, tenant }: Chain, key: string, body: Uint8Array): Promise<void> {
  tried()
  held.replaced.set(key, body)
  // Known by its key alone, as after the loss of the registry: no digest to compare with but those in the objects.
  const ref = { key: tenant.head!.key }
  const refusal = await refusalOf(() => restoreGeneration(held.store, tenantId, ref))
  if (refusal.code !== 'corrupt' || !refusal.message.includes(key)) expect.fail(`${key}: ${refusal.message}`)
  held.replaced.delete(key)
}

function flipped(body: Buffer, bit: number): Buffer {
  const copy = Buffer.from(body)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

describe('a small chain of generations', () => {
  let small: Chain
  beforeAll(async () => {
    small = await chain(450, 1_250)
  })

  it('is refused by name after the flip of any single bit of any object of it', async () => {
    for (const [key, body] of small.bodies) {
      for (let bit = 0; bit < body.length * 8; bit++) {
        await expectDetected(small, key, flipped(body, bit))
      }
    }
  })

  it('is refused by name after a truncation of any object of it to any length', async () => {
    for (const [key, body] of small.bodies) {
      for (let length = 0; length < body.length; length++) {
        await expectDetected(small, key, body.subarray(0, length))
      }
    }
  })

  it('is never taken for another set: the newest that verifies is an earlier commit, or nothing is', async () => {
    const keys = [...small.bodies.keys()]
    const bits = fc.tuple(fc.constantFrom(...keys), fc.nat(), fc.boolean())
    const { held, tenant } = small
    await holds(150, bits, async ([key, at, cut]) => {
      const body = small.bodies.get(key)!
      const damaged = cut ? body.subarray(0, at % body.length) : flipped(body, at % (body.length * 8))
      held.replaced.set(key, damaged)
      const snapshotHurt = small.bodies.has(key) && key.includes(tenant.state!.chain[0]!)
      for (const search of [
        () => restoreNewest(held.store, tenantId, tenant.head!),
        () => findHead(held.store, tenantId),
      ]) {
        if (snapshotHurt) expect((await refusalOf(search)).code).toBe('corrupt')
        else {
          const { restored, skipped } = (await search())!
          const commit = tenant.commits.find(({ head }) => head.seq === restored.head.seq)!
          expect(commit.head.seq).toBeLessThan(tenant.head!.seq)
          expect(restored.files).toEqual(commit.files)
          expect(skipped[0]!.reason).toContain(key)
        }
      }
      held.replaced.delete(key)
    })
  })
})

describe('a large chain of generations', () => {
  it('is refused by name after a random flip, cut, repetition or exchange of bytes in any object', async () => {
    const large = await chain(300_000, 100_000)
    const damage = fc.record({
      key: fc.constantFrom(...large.bodies.keys()),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      how: fc.constantFrom('flip', 'cut', 'repeat', 'zero') as fc.Arbitrary<
        'flip' | 'cut' | 'repeat' | 'zero'
      >,
      length: fc.integer({ min: 1, max: 512 }),
    })
    await holds(150, damage, async ({ key, at, how, length }) => {
      const body = large.bodies.get(key)!
      const from = Math.floor(at * body.length)
      const ways = {
        flip: () => flipped(body, Math.floor(at * body.length * 8)),
        cut: () => body.subarray(0, from),
        repeat: () => Buffer.concat([body.subarray(0, from + 1), body.subarray(from)]),
        zero: () => Buffer.from(body).fill(0, from, Math.min(body.length, from + length)),
      }
      await expectDetected(large, key, ways[how]())
    })
  })
})
