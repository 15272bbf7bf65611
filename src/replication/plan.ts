import type { KeyFileBatch } from '../ports/key-files.js'
import type { Head } from '../ports/registry.js'
import { type ChainState, chainContinues } from './chain-state.js'
import type { GenerationKind } from './object-names.js'

export interface PlanSettings {
  /** Every so many generations, what changed since the snapshot is written as one: bounds the objects of a restore. */
  readonly cumulativeEvery: number
  /** A snapshot at least this often while anything changes: retention keeps hours and days as snapshots. */
  readonly snapshotIntervalMs: number
  /** Below this, a session is small enough that its tail of deltas does not matter. */
  readonly minTailBytes: number
}

export const defaultPlanSettings: PlanSettings = {
  cumulativeEvery: 64,
  snapshotIntervalMs: 3_600_000,
  minTailBytes: 64 * 1024,
}

/** Why a generation is of its kind; for metrics and tests. */
export type PlanReason =
  | 'first'
  | 'unknownChain'
  | 'forced'
  | 'interval'
  | 'outgrown'
  | 'count'
  | 'bytes'
  | 'change'

export interface Plan {
  readonly kind: GenerationKind
  readonly reason: PlanReason
}

export interface PlanInput {
  readonly head: Head | null
  readonly state: ChainState | null
  /** What differs from the head, name → content or null. */
  readonly changes: KeyFileBatch
  readonly nowMs: number
  /** After a fall-back or a restore of an older generation. */
  readonly forceSnapshot?: boolean
  readonly settings?: PlanSettings
}

/**
 * Which kind the next generation is. The tail (what a restore reads after the snapshot) is written as one when it has
 * as many bytes as the snapshot, or every 64th time; when that one would be more than half a snapshot, a snapshot is
 * written instead. So a restore reads at most 65 objects
 * and about two snapshots, and what changes is not written over and over, however few or many files are busy. Measured
 * (120 files of 1.3 KB, 300 one-file changes; 2, 20 or all of them busy): at most 2.7 snapshots' bytes read (headers and
 * base64 included), 2.4, 2.6 and 3.5 bytes uploaded for one changed.
 */
export function planGeneration(input: PlanInput): Plan {
  const { head, state, changes, nowMs, settings = defaultPlanSettings } = input
  if (head === null) return { kind: 'snapshot', reason: 'first' }
  if (input.forceSnapshot) return { kind: 'snapshot', reason: 'forced' }
  if (!chainContinues(state, head)) return { kind: 'snapshot', reason: 'unknownChain' }
  if (nowMs - state.snapshotAt >= settings.snapshotIntervalMs) return { kind: 'snapshot', reason: 'interval' }
  const due = compactionDue(state, changes, settings)
  if (due === null) return { kind: 'delta', reason: 'change' }
  const outgrown = cumulativeBytes(state, changes) > Math.max(state.snapshotBytes, settings.minTailBytes) / 2
  return outgrown ? { kind: 'snapshot', reason: 'outgrown' } : { kind: 'cumulative', reason: due }
}

function compactionDue(
  state: ChainState,
  changes: KeyFileBatch,
  settings: PlanSettings,
): 'count' | 'bytes' | null {
  const deltasSinceBase = state.head.seq - state.baseSeq
  if (deltasSinceBase + 1 >= settings.cumulativeEvery) return 'count'
  const tail = state.tailBytes + contentBytes(changes)
  return tail > Math.max(state.snapshotBytes, settings.minTailBytes) ? 'bytes' : null
}

/** Bytes of the contents that a cumulative on top of `state` with `changes` would carry. */
function cumulativeBytes(state: ChainState, changes: KeyFileBatch): number {
  let bytes = contentBytes(changes)
  for (const [name, size] of Object.entries(state.changed)) if (!changes.has(name)) bytes += size
  return bytes
}

function contentBytes(changes: KeyFileBatch): number {
  let bytes = 0
  for (const content of changes.values()) bytes += content === null ? 0 : Buffer.byteLength(content)
  return bytes
}
