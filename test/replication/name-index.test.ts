import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileTree } from '../../src/replication/file-tree.js'
import { sha256 } from '../../src/replication/hash.js'
import { NameIndex } from '../../src/replication/name-index.js'

const names = fc.nat(40).map((n) => `pre-key-${n}.json`)
const steps = fc.array(fc.record({ name: names, adds: fc.boolean() }), { maxLength: 300 })

describe('an index of names', () => {
  it('knows what a Map knows after any additions and removals, and keeps each name in its slot', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const index = new NameIndex()
        const model = new Map<string, number>()
        for (const { name, adds } of taken) {
          if (adds) {
            const slot = index.add(name)
            if (model.has(name)) expect(slot).toBe(model.get(name))
            else expect([...model.values()]).not.toContain(slot)
            model.set(name, slot)
          } else {
            expect(index.remove(name)).toBe(model.get(name) ?? -1)
            model.delete(name)
          }
          expect(index.size).toBe(model.size)
        }
        for (const [name, slot] of model) expect(index.slotOf(name)).toBe(slot)
        expect([...index.names()].sort()).toEqual([...model.keys()].sort())
        expect([...index.copy().names()]).toEqual([...index.names()])
      }),
    )
  })

  it('that is made of many names at once goes on as one that they were added to', () => {
    fc.assert(
      fc.property(fc.uniqueArray(names, { maxLength: 41 }), steps, (first, taken) => {
        const [index, other] = [NameIndex.of([...first]), new NameIndex()]
        for (const name of first) other.add(name)
        for (const { name, adds } of taken) {
          if (adds) expect(index.add(name)).toBe(other.add(name))
          else expect(index.remove(name)).toBe(other.remove(name))
        }
        expect([...index.names()]).toEqual([...other.names()])
        for (const name of first) expect(index.slotOf(name)).toBe(other.slotOf(name))
      }),
    )
  })
})

describe('a tree of files', () => {
  it('has the digest of what it holds, however it came to hold it', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const tree = new FileTree()
        const model = new Map<string, string>()
        for (const [at, { name, adds }] of taken.entries()) {
          if (adds) {
            model.set(name, sha256(`${at}`))
            tree.set(name, sha256(`${at}`))
          } else {
            model.delete(name)
            tree.delete(name)
          }
          if (at % 7 === 0) tree.digest()
        }
        const fresh = new FileTree(model)
        expect(tree.digest()).toBe(fresh.digest())
        expect(tree.copy().digest()).toBe(fresh.digest())
        expect([...tree.entries()].sort()).toEqual([...model].sort())
      }),
    )
  })

  it('refuses what is no hash', () => {
    expect(() => new FileTree([['creds.json', 'abc']])).toThrow('64 hexadecimal digits')
  })
})
