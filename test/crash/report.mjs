import { namedPoints } from './moments.mjs'

/**
 * What a run ends with, as JSON.
 * @param stats the simulated WhatsApp's  @param complete every named point must have been reached
 */
export function report(tally, stats, { complete }) {
  const { violations, qrExpected, qrUnexpected, lostCommits, lostBatches, byDisk, ...counts } = tally
  const { handOverMs, awayMs, ...others } = counts
  const reachedByPoint = tally.reachedByPoint(namedPoints)
  if (complete) noteUnreached(tally)
  if (stats.reusedPreKeyIds > 0) {
    tally.violation('pre-key ids were issued again', 'run', String(stats.reusedPreKeyIds))
  }
  if (tally.undecryptableUnexpected > 0) {
    tally.violation('a message could not be decrypted', 'run', String(tally.undecryptableUnexpected))
  }
  const { sent, received, duplicates, missing, lost, reusedPreKeyIds, pairings } = stats
  const off = byDisk.lost.sendAfterBackupOff.undecryptable
  return {
    ...others,
    reachedByPoint,
    qr: { expected: qrExpected, unexpected: qrUnexpected },
    messages: { toBot: sent, fromBot: received, duplicates, missing, lost },
    /** `byLostDisk`: without `sendAfterBackup`, which is documented. */
    undecryptable: { unexpected: tally.undecryptableUnexpected, byLostDisk: off, byDisk },
    lost: { commits: lostCommits, writes: lostBatches },
    handOverMs: spread(handOverMs),
    awayMs: spread(awayMs),
    pairings,
    reusedPreKeyIds,
    violations,
  }
}

function noteUnreached(tally) {
  for (const [point, names] of Object.entries(namedPoints)) {
    for (const name of names) {
      if (tally.isMissing(name)) tally.violation('a named point was never reached', point, name)
    }
  }
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { median: at(0.5), most: at(1) }
}
