import { gzipSync } from 'node:zlib'
import { canonicalJson, sha256 } from '../../../src/replication/hash.js'
import { formatGenerationName, generationKey } from '../../../src/replication/object-names.js'
import { treeOf } from '../../replication/tenant-model.js'
import { tenant } from './small-host.js'

export interface Forged {
  readonly key: string
  readonly body: Buffer
  readonly digest: string
  readonly tree: string
}

export interface Forgery {
  /** Files that it puts, named and filled as they are. Default: a paired session. */
  readonly puts?: Readonly<Record<string, unknown>>
  readonly deletes?: readonly unknown[]
  /** The payload's JSON, in place of what follows from `puts` and `deletes`. */
  readonly text?: string | Buffer
  /** In place of the payload's gzip. */
  readonly packed?: Buffer
  /** Fields of the document that are other than they should be. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** The same of its `payload`. */
  readonly payload?: Readonly<Record<string, unknown>>
  /** The name that it lies under, in place of the one that follows from its fields. */
  readonly name?: string
}

export const pairedCreds = JSON.stringify({ me: { id: '628120000009:1@s.whatsapp.net' }, account: {} })

/** A second snapshot as a writer would make it who knows the format and computes every digest, and lies. */
export function forge(forgery: Forgery = {}): Forged {
  const { puts = { 'creds.json': pairedCreds }, deletes = [], fields = {} } = forgery
  const text = forgery.text ?? JSON.stringify({ deletes, puts })
  const packed = forgery.packed ?? gzipSync(text)
  const tree = treeOf(new Map(Object.entries(puts))).digest()
  const named = { seq: 2, epoch: 1, kind: 'snapshot', baseSeq: 2, random: 'aaaaaaaaaa', ...fields }
  const document = {
    format: 'baileys-session-supervisor/generation/1',
    tenant,
    parent: { seq: 1, digest: 'a'.repeat(64) },
    snapshot: null,
    createdAt: 1,
    files: Object.keys(puts).length,
    bytes: 1,
    tree,
    marks: { nextPreKeyId: 0 },
    chain: [],
    payload: {
      encoding: 'gzip',
      header: null,
      sha256: sha256(packed),
      bytes: packed.length,
      plainBytes: Buffer.byteLength(text),
      data: packed.toString('base64'),
      parts: [],
      ...forgery.payload,
    },
    ...named,
  }
  const digest = sha256(canonicalJson(document))
  const snapshotSeq = (named as { snapshot?: { seq: number } }).snapshot?.seq ?? named.seq
  const name = forgery.name ?? formatGenerationName({ ...named, snapshotSeq } as never)
  const body = Buffer.from(canonicalJson({ ...document, digest }))
  return { key: generationKey(tenant, name), body, digest, tree: String(document.tree) }
}
