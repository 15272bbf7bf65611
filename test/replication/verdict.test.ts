import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Head } from '../../src/ports/registry.js'
import {
  decideVerdict,
  type LocalBase,
  type LocalFacts,
  type VerdictInput,
} from '../../src/replication/verdict.js'
import { treeOf } from './tenant-model.js'

const committedFiles = new Map([
  ['creds.json', '{"a":1}'],
  ['session-1.json', '{"b":1}'],
  ['session-2.json', '{"c":1}'],
])
const changedFiles = new Map([...committedFiles, ['session-1.json', '{"b":2}']])
const atHead = treeOf(committedFiles)
const changed = treeOf(changedFiles)
const elsewhere = treeOf(new Map([['creds.json', '{"z":1}']]))

const head: Head = {
  seq: 10,
  epoch: 5,
  key: 'k',
  digest: 'd'.repeat(64),
  tree: atHead.digest(),
  snapshotSeq: 1,
  marks: { nextPreKeyId: 1 },
}

function without(tree: typeof atHead, ...names: string[]) {
  const left = tree.copy()
  for (const name of names) left.delete(name)
  return left
}

const local = (facts: Partial<LocalFacts>): LocalFacts => ({
  hashes: changed,
  damaged: [],
  paired: true,
  base: null,
  committed: null,
  unsaved: 0,
  ...facts,
})
const baseAt = (epoch: number, seq: number, digest = 'e'.repeat(64)): LocalBase => ({
  epoch,
  head: { seq, digest, tree: 'f'.repeat(64) },
})
const trying = (epoch: number, seq: number, digest: string): LocalBase => ({
  ...baseAt(epoch, seq - 1),
  attempts: [{ seq, digest }],
})
const bases: Record<string, LocalBase | null> = {
  none: null,
  'same head, older epoch': baseAt(4, 10, head.digest),
  'same epoch, older head': baseAt(5, 9),
  'same epoch, no head': { epoch: 5, head: null },
  'same epoch, later head': baseAt(5, 11),
  'same epoch, the head among its attempts': trying(5, 10, head.digest),
  'same epoch, another attempt at the head': trying(5, 10, '1'.repeat(64)),
  'later epoch, older head': baseAt(6, 9),
  'older epoch, later head': baseAt(4, 11),
  'older epoch, an attempt at the head': trying(4, 10, '1'.repeat(64)),
  'older epoch, older head': baseAt(4, 9),
  'older epoch, no head': { epoch: 4, head: null },
  'older epoch, a fork of the head': baseAt(4, 10),
}
const continuing = new Set([
  'same head, older epoch',
  'same epoch, later head',
  'same epoch, the head among its attempts',
  'later epoch, older head',
])

const current = { verdict: 'current', heal: [] }
const ahead = (needsIndex: boolean) => ({ verdict: 'ahead', needsIndex, setAside: [], proveEmpty: false })
const superseded = { verdict: 'remoteAhead', quarantine: true, unsaved: 0 }

describe('with a head and a whole local copy', () => {
  for (const [name, base] of Object.entries(bases)) {
    const goesOn = continuing.has(name)
    const rows: [what: string, facts: Partial<LocalFacts>, expected: object][] = [
      ['files as at the head', { hashes: atHead, committed: null }, current],
      ['files as at the head, another index', { hashes: atHead, committed: elsewhere }, current],
      ['files as at the head, not paired', { hashes: atHead, paired: false }, current],
      ['changes, the head as index', { committed: atHead }, ahead(false)],
      ['changes, another index', { committed: elsewhere }, goesOn ? ahead(true) : superseded],
      ['changes, no index', {}, goesOn ? ahead(true) : superseded],
      ['changes, not paired', { paired: false, committed: atHead }, superseded],
    ]
    it.each(rows)(`base ${name}: %s`, (_, facts, expected) => {
      for (const absence of ['proven', 'unknown'] as const) {
        expect(decideVerdict({ local: local({ ...facts, base }), head, absence })).toEqual(expected)
      }
    })
  }

  it('tells how many changes a superseded copy had', () => {
    expect(decideVerdict({ local: local({ unsaved: 3 }), head, absence: 'unknown' })).toEqual({
      ...superseded,
      unsaved: 3,
    })
  })
})

describe('with a head and damaged local files', () => {
  const torn = (tree: typeof atHead, ...damaged: string[]) => ({ hashes: without(tree, ...damaged), damaged })
  for (const [name, base] of Object.entries(bases)) {
    const goesOn = continuing.has(name)
    const healed = (...heal: string[]) => ({ verdict: 'current', heal })
    const rows: [what: string, facts: Partial<LocalFacts>, expected: object][] = [
      [
        'all else is the head, the index is known',
        { ...torn(atHead, 'session-1.json'), committed: atHead },
        healed('session-1.json'),
      ],
      [
        'creds.json, all else is the head',
        { ...torn(atHead, 'creds.json'), committed: atHead, paired: false },
        healed('creds.json'),
      ],
      [
        'every file',
        { ...torn(atHead, ...committedFiles.keys()), committed: atHead, paired: false },
        healed(...committedFiles.keys()),
      ],
      [
        'a file that the head does not have',
        { hashes: atHead, damaged: ['session-9.json'] },
        healed('session-9.json'),
      ],
      ['other files changed too', { ...torn(changed, 'session-2.json'), committed: atHead }, superseded],
      ['the index is not known', torn(atHead, 'session-1.json'), goesOn ? ahead(true) : superseded],
      [
        'creds.json, the index is not known',
        { ...torn(changed, 'creds.json'), paired: false },
        goesOn ? ahead(true) : superseded,
      ],
    ]
    it.each(rows)(`base ${name}: %s`, (_, facts, expected) => {
      expect(decideVerdict({ local: local({ ...facts, base }), head, absence: 'unknown' })).toEqual(expected)
    })
  }
})

describe('with a head and nothing local', () => {
  it.each([null, local({ hashes: treeOf(new Map()) })])('restores, with nothing to set aside', (facts) => {
    for (const absence of ['proven', 'unknown'] as const) {
      expect(decideVerdict({ local: facts, head, absence })).toEqual({
        verdict: 'remoteAhead',
        quarantine: false,
        unsaved: 0,
      })
    }
  })
})

describe('without a head', () => {
  const cannotTell = (reason: string) => ({ verdict: 'cannotTell', reason, message: expect.any(String) })
  const first = (proveEmpty: boolean, ...setAside: string[]) => ({
    verdict: 'ahead',
    needsIndex: false,
    setAside,
    proveEmpty,
  })
  const had = baseAt(3, 4)
  const never: LocalBase = { epoch: 3, head: null }
  const rows: [what: string, facts: LocalFacts | null, proven: object, unknown: object][] = [
    ['nothing local', null, { verdict: 'noBackup', quarantine: false }, cannotTell('unproven')],
    ['a paired session', local({}), first(false), first(true)],
    ['a paired session that never had one', local({ base: never }), first(false), first(true)],
    ['a paired session that had one', local({ base: had }), first(false), cannotTell('unproven')],
    [
      'a session that is not paired',
      local({ paired: false }),
      { verdict: 'noBackup', quarantine: true },
      cannotTell('unproven'),
    ],
    [
      'a paired session with a damaged file',
      local({ damaged: ['session-1.json'] }),
      first(false, 'session-1.json'),
      first(true, 'session-1.json'),
    ],
    [
      'damaged creds.json',
      local({ paired: false, damaged: ['creds.json'] }),
      cannotTell('damaged'),
      cannotTell('damaged'),
    ],
    [
      'damaged creds.json alone',
      local({ hashes: treeOf(new Map()), paired: false, damaged: ['creds.json'] }),
      cannotTell('damaged'),
      cannotTell('damaged'),
    ],
    [
      'a damaged file and no pairing',
      local({ paired: false, damaged: ['session-1.json'] }),
      cannotTell('damaged'),
      cannotTell('unproven'),
    ],
  ]
  it.each(rows)('%s', (_, facts, proven, unknown) => {
    expect(decideVerdict({ local: facts, head: null, absence: 'proven' })).toEqual(proven)
    expect(decideVerdict({ local: facts, head: null, absence: 'unknown' })).toEqual(unknown)
  })
})

describe('whatever is found', () => {
  const trees = fc.constantFrom(atHead, changed, elsewhere, treeOf(new Map()))
  const facts: fc.Arbitrary<LocalFacts> = fc.record({
    hashes: trees,
    damaged: fc.subarray(['creds.json', 'session-1.json', 'session-9.json']),
    paired: fc.boolean(),
    base: fc.constantFrom(...Object.values(bases)),
    committed: fc.option(trees),
    unsaved: fc.nat(3),
  })
  const inputs: fc.Arbitrary<VerdictInput> = fc.record({
    local: fc.option(facts),
    head: fc.constantFrom(head, null),
    absence: fc.constantFrom('proven', 'unknown'),
  })
  it('pairs only on proof, with no whole session and no damage in sight', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        if (decideVerdict(input).verdict !== 'noBackup') return
        expect(input.head).toBeNull()
        expect(input.absence).toBe('proven')
        expect(input.local?.damaged ?? []).toEqual([])
        expect(input.local?.paired && input.local.hashes.size > 0).toBeFalsy()
      }),
      { numRuns: 2000 },
    )
  })

  it('is settled by the index it asks for', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const verdict = decideVerdict(input)
        if (verdict.verdict !== 'ahead' || !verdict.needsIndex) return
        const again = decideVerdict({ ...input, local: { ...input.local!, committed: atHead } })
        expect(again).not.toMatchObject({ needsIndex: true })
      }),
      { numRuns: 2000 },
    )
  })
})
