import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LiveHost } from '../../src/index.js'
import { sharesOf } from '../../src/shares.js'

const capacity = fc.oneof(fc.nat(40), fc.constant(Number.POSITIVE_INFINITY))
const hosts = fc
  .uniqueArray(fc.record({ owner: fc.string({ minLength: 1 }), capacity, leases: fc.nat(30) }), {
    selector: ({ owner }) => owner,
    minLength: 1,
    maxLength: 12,
  })
  .map((list): LiveHost[] => list)

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, each) => total + each, 0)

it('gives away everything that there is room for, and nobody more than its capacity', () => {
  fc.assert(
    fc.property(hosts, fc.nat(400), (live, wanted) => {
      const shares = sharesOf(live, wanted)
      expect(shares.size).toBe(live.length)
      expect(sum(shares.values())).toBe(Math.min(wanted, sum(live.map((host) => host.capacity))))
      for (const { owner, capacity: most } of live) {
        expect(shares.get(owner)).toBeGreaterThanOrEqual(0)
        expect(shares.get(owner)).toBeLessThanOrEqual(most)
        expect(Number.isSafeInteger(shares.get(owner))).toBe(true)
      }
    }),
  )
})

it('leaves nobody with two more than a host that has room', () => {
  fc.assert(
    fc.property(hosts, fc.nat(400), (live, wanted) => {
      const shares = sharesOf(live, wanted)
      const withRoom = live.filter(({ owner, capacity: most }) => shares.get(owner)! < most)
      const least = Math.min(...withRoom.map(({ owner }) => shares.get(owner)!))
      if (withRoom.length > 0) expect(Math.max(...shares.values())).toBeLessThanOrEqual(least + 1)
    }),
  )
})

it('moves nothing once everybody has a share, whoever is asked in whatever order', () => {
  fc.assert(
    fc.property(hosts, fc.nat(400), fc.infiniteStream(fc.nat(100)), (live, wanted, dice) => {
      const shares = sharesOf(live, wanted)
      const settled = live.map((host) => ({ ...host, leases: shares.get(host.owner)! }))
      const shuffled = settled.toSorted(() => dice.next().value - 50)
      expect(Object.fromEntries(sharesOf(shuffled, wanted))).toEqual(Object.fromEntries(shares))
    }),
  )
})

it('leaves what does not divide with those that have it', () => {
  const host = (owner: string, leases: number) => ({ owner, leases, capacity: 100 })
  const shares = sharesOf([host('a', 2), host('b', 3), host('c', 2), host('d', 3)], 10)
  expect(Object.fromEntries(shares)).toEqual({ a: 2, b: 3, c: 2, d: 3 })
})
