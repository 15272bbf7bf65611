import { randomUUID } from 'node:crypto'
import type { Head, HeadSwap } from '../../src/ports/registry.js'

export function headOf(seq: number, epoch = 1, changes: Partial<Head> = {}): Head {
  return {
    seq,
    epoch,
    key: `tenant/generations/${seq}-${epoch}-${randomUUID()}.json`,
    digest: 'd'.repeat(64),
    tree: 't'.repeat(64),
    snapshotSeq: 1,
    marks: { nextPreKeyId: seq * 10 },
    bytes: seq * 1_000,
    files: seq + 1,
    ...changes,
  }
}

export function swapOf(tenantId: string, expectedSeq: number, changes: Partial<HeadSwap> = {}): HeadSwap {
  const epoch = changes.epoch ?? 1
  return { tenantId, owner: 'host-a', epoch, expectedSeq, head: headOf(expectedSeq + 1, epoch), ...changes }
}
