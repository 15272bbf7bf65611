import { brokenPromises, type Figures } from './figures.js'
import type { Outcome } from './show.js'

/** The figures in words. */
export function outcomeOf(figures: Figures): Outcome {
  const broken = brokenPromises(figures)
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  return {
    isGood: broken.length === 0,
    heading:
      broken.length === 0
        ? 'A host was lost in mid-traffic. No session was, and no message: nothing was lost.'
        : `Not as promised: ${broken.join('; ')}.`,
    rows: [
      ['QR codes', `${figures.qrBefore} scanned on host 1, ${figures.qrAfterRestore} on host 2`],
      ['Back after', `${seconds(figures.restoreMs)}, from the start of host 2 to its last tenant connected`],
      ['Messages', `${figures.messagesBefore} arrived before the kill, ${figures.messagesAfter} after it`],
      [
        'The kill hit',
        `${figures.inFlightAtKill} messages under way; host 2 was given ${figures.redelivered} again that host 1 had read, and sent ${figures.answersTakenOver} answers in its stead`,
      ],
      ['Lost', String(figures.lost)],
      ['Undecryptable', `${figures.undecryptable}, in either direction`],
      [
        'Backups',
        `${figures.backups}; a change was unprotected for ${figures.rpoMs.p50 ?? '–'} ms (median), ${figures.rpoMs.p99 ?? '–'} ms (99 %)`,
      ],
      ['Took', `${seconds(figures.durationMs)} on Node ${figures.nodeVersion}`],
    ],
    notes: [],
  }
}
