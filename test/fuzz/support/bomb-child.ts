import { gzipSync } from 'node:zlib'
import { findHead } from '../../../src/replication/find-head.js'
import { memoryStore } from '../../../src/stores/memory.js'
import { type Forged, forge } from './forge.js'
import { hostileGenerations } from './hostile.js'
import { tenant } from './small-host.js'

/** As a process of its own: looks for the head among bombs and tells how that ended and what it cost. */
const megabyte = 2 ** 20
const links = 60

/** A snapshot and deltas on it, each valid and small, each unpacking to 32 MB. */
function chainOfBombs(): Forged[] {
  const text = JSON.stringify({ deletes: [], puts: { 'session-1.json': `"${'x'.repeat(32 * megabyte)}"` } })
  const packed = gzipSync(text)
  const payload = { plainBytes: Buffer.byteLength(text) }
  const made: Forged[] = []
  for (let seq = 1; seq <= links; seq++) {
    const before = made.at(-1)
    const parent = before ? { seq: seq - 1, digest: before.digest } : null
    const snapshot = before ? { seq: 1, digest: made[0]!.digest } : null
    const chain = made.map(({ key }) => key.slice(key.lastIndexOf('/') + 1, -'.json'.length))
    const kind = before ? 'delta' : 'snapshot'
    made.push(
      forge({ puts: {}, packed, payload, fields: { seq, kind, parent, snapshot, chain, baseSeq: 1 } }),
    )
  }
  return made
}

async function codeOf(objects: readonly Forged[]): Promise<string> {
  const store = memoryStore()
  for (const { key, body } of objects) await store.put(key, body)
  return findHead(store, tenant).then(
    () => 'found',
    (error: { code?: string }) => error.code ?? String(error),
  )
}

const chain = chainOfBombs()
const singles = hostileGenerations.filter(({ what }) => what.startsWith('unpacks to 1 GB'))
const beforeMb = process.resourceUsage().maxRSS / 1024
const codes: string[] = []
for (const { forge: make } of singles) codes.push(await codeOf([make()]))
codes.push(await codeOf(chain))
process.send!({ codes, grownMb: process.resourceUsage().maxRSS / 1024 - beforeMb })
process.disconnect()
