import { gzipSync } from 'node:zlib'
import { maxKeyFileDepth } from '../../../src/replication/hash.js'
import { type Forged, type Forgery, forge, pairedCreds } from './forge.js'
import { tenant } from './small-host.js'

export interface Hostile {
  readonly what: string
  /** With the registry lost; default `corrupt`. */
  readonly refusedAs?: 'undecided'
  forge(): Pick<Forged, 'key' | 'body'> & Forged
}

const a64 = 'a'.repeat(64)
const snapshotName = '0000000001-1-s1.1-aaaaaaaaaa'
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const putting = (name: string, content: unknown = '{}') => ({
  puts: { 'creds.json': pairedCreds, [name]: content },
})

const names = [
  '../evil.json',
  '../../evil.json',
  '/etc/evil.json',
  'a/../../evil.json',
  'a\\..\\evil.json',
  'C:evil.json',
  'evil.json\0.json',
  'evil\n.json',
  '.journal',
  '.evil.json',
  '..json',
  '.json',
  'evil.sh',
  'evil.json ',
  '',
  'ev\u202eil.json',
  'constructor',
  `${'x'.repeat(251)}.json`,
]

const contents: [string, unknown][] = [
  ['empty', ''],
  ['torn', '{"a":'],
  ['null', 'null'],
  ['no text', { a: 1 }],
  ['nested without end', nested(90_000)],
  ['nested deeper than any key file', nested(maxKeyFileDepth + 1)],
  ['text that UTF-8 cannot hold', '"\ud800"'],
]

const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024))
/** 1 GiB of zeros in about 1 MB: gzip streams may follow one another. */
const bomb = Buffer.concat(Array.from({ length: 16 }, () => zeros))

/** The fields of a second generation that is a delta on the snapshot 1, and what is wrong with them. */
const delta = (fields: Record<string, unknown>): Forgery => ({
  fields: {
    kind: 'delta',
    baseSeq: 1,
    snapshot: { seq: 1, digest: a64 },
    chain: [snapshotName],
    ...fields,
  },
  name: '0000000002-1-d1.1-aaaaaaaaaa',
})

const documents: [string, Forgery][] = [
  ['belongs to another tenant', { fields: { tenant: 'other' } }],
  ['belongs to a tenant that is a path', { fields: { tenant: '../other' } }],
  ['is an older one under a newer name', { fields: { seq: 1, baseSeq: 1, parent: null }, name: name(2) }],
  [
    'is a newer one under an older name',
    { fields: { seq: 3, baseSeq: 3, parent: { seq: 2, digest: a64 } }, name: name(2) },
  ],
  ['has another epoch than its name', { fields: { epoch: 7 }, name: name(2) }],
  ['is its own parent', { fields: { parent: { seq: 2, digest: a64 } } }],
  ['has a parent in the future', { fields: { parent: { seq: 9, digest: a64 } } }],
  ['has no parent and is not the first', { fields: { parent: null } }],
  ['is a snapshot of itself', { fields: { snapshot: { seq: 2, digest: a64 } }, name: name(2) }],
  ['is a delta on itself', delta({ baseSeq: 2, chain: ['0000000002-1-d1.1-aaaaaaaaaa'] })],
  ['is a delta whose chain holds itself', delta({ chain: ['0000000002-1-d1.1-aaaaaaaaaa'] })],
  ['is a delta whose chain names another tenant', delta({ chain: ['../../other/generations/x'] })],
  ['is a delta whose chain is a path', delta({ chain: [`../${snapshotName}`] })],
  ['is a delta whose chain is too long', delta({ chain: Array(201).fill(snapshotName) })],
  ['is a delta without a chain', delta({ chain: [] })],
  ['is a delta on a snapshot of the future', delta({ snapshot: { seq: 5, digest: a64 } })],
  ['claims more files than there are', { fields: { files: Number.MAX_SAFE_INTEGER } }],
  ['claims fewer than no files', { fields: { files: -1 } }],
  ['claims a fraction of a byte', { fields: { bytes: 0.5 } }],
  ['claims bytes beyond counting', { fields: { bytes: 1e300 } }],
  ['was made at no time', { fields: { createdAt: 1e300 } }],
  ['has used up every pre-key id', { fields: { marks: { nextPreKeyId: Number.MAX_SAFE_INTEGER } } }],
  ['has marks of a prototype', { fields: { marks: JSON.parse('{"nextPreKeyId":0,"__proto__":{"a":1}}') } }],
  ['has a field of a prototype', { fields: JSON.parse('{"__proto__":{"polluted":true}}') }],
  ['has the tree of other files', { fields: { tree: 'c'.repeat(64) } }],
  [
    'has ten thousand and one parts',
    { payload: { data: null, parts: Array(10_001).fill({ sha256: a64, bytes: 1 }) } },
  ],
  [
    'has parts that do not add up',
    { payload: { data: null, parts: [{ sha256: a64, bytes: Number.MAX_SAFE_INTEGER }] } },
  ],
  ['has its payload in it and in parts', { payload: { parts: [{ sha256: a64, bytes: 1 }] } }],
  ['has its payload nowhere', { payload: { data: null } }],
  ['is sealed with a cipher of no name', { payload: { encoding: 'gzip+' } }],
  ['is sealed without a header', { payload: { encoding: 'gzip+aes-256-gcm' } }],
  ['unpacks to 1 GB and says so', { packed: bomb, payload: { plainBytes: 2 ** 30 } }],
  ['unpacks to 1 GB and says 256 MB', { packed: bomb, payload: { plainBytes: 256 * 1024 * 1024 } }],
  ['unpacks to 1 GB and says 1 kB', { packed: bomb, payload: { plainBytes: 1_000 } }],
  ['unpacks to less than it says', { payload: { plainBytes: 1_000_000 } }],
  ['does not unpack', { packed: Buffer.from('no gzip') }],
  ['is not UTF-8 when unpacked', { text: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
  ['names a file twice', { text: '{"deletes":[],"puts":{"creds.json":"{}","creds.json":"{}"}}' }],
  ['puts and deletes a file', { deletes: ['creds.json'] }],
  ['deletes a file twice', { deletes: ['a.json', 'a.json'] }],
  ['deletes what is no text', { deletes: [{ toString: 1 }] }],
  ['has a prototype as files', { text: '{"deletes":[],"puts":{"__proto__":{"creds.json":"{}"}}}' }],
  ['has an array as files', { text: '{"deletes":[],"puts":["{}"]}' }],
  ['is an array when unpacked', { text: '[]' }],
  ['nests without end when unpacked', { text: nested(100_000) }],
  ['has an identity that is no object', { puts: { 'creds.json': '[]' } }],
]

function name(seq: number): string {
  return `000000000${seq}-1-s${seq}.${seq}-aaaaaaaaaa`
}

const bodies: [string, Buffer][] = [
  ['is nested without end', Buffer.from(nested(200_000))],
  ['is not UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d])],
  ['begins with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), forge().body])],
  ['is null', Buffer.from('null')],
  ['is a number', Buffer.from('1e309')],
  ['is a blank', Buffer.from(' ')],
  ['is two documents', Buffer.concat([forge().body, forge().body])],
]

const unknownNames = [
  '0000000002-1-s2.2-aaaaaaaaaa.evil',
  '2-1-s2.2-aaaaaaaaaa',
  '0000000002-99999999999-s2.2-aaaaaaaaaa',
  '9999999999-1-s9999999999.9999999999-aaaaaaaaaa',
  'generation-of-a-later-version',
]

export const hostileGenerations: readonly Hostile[] = [
  ...names.map((file) => ({
    what: `puts ${JSON.stringify(file)}`.slice(0, 60),
    forge: () => forge(putting(file)),
  })),
  ...names.map((file) => ({
    what: `deletes ${JSON.stringify(file)}`.slice(0, 60),
    forge: () => forge({ deletes: [file] }),
  })),
  { what: 'puts "__proto__"', forge: () => forge({ text: '{"deletes":[],"puts":{"__proto__":"{}"}}' }) },
  ...contents.map(([what, content]) => ({
    what: `holds a file that is ${what}`,
    forge: () => forge(putting('session-1.json', content)),
  })),
  ...documents.map(([what, forgery]) => ({ what, forge: () => forge(forgery) })),
  ...bodies.map(([what, body]) => ({ what, forge: () => ({ ...forge(), body }) })),
  ...unknownNames.map((unknown) => ({
    what: `is named ${unknown}`,
    refusedAs: 'undecided' as const,
    forge: () => forge({ name: unknown }),
  })),
  {
    what: `is a copy of one of another tenant's`,
    forge: () => ({
      ...forge(),
      body: Buffer.from(forge().body.toString().replace(`"${tenant}"`, '"tenanu"')),
    }),
  },
]
