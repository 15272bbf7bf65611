import type { LoopbackStats } from '../loopback/index.js'

/** What was measured. One line of JSON at the end, with `--json`. */
export interface Figures {
  readonly tenants: number
  /** Tenants that had to scan a QR code on the first host. */
  readonly qrBefore: number
  /** QR codes that the second host asked for. */
  readonly qrAfterRestore: number
  /** Tenants connected at the end. */
  readonly connected: number
  /** Messages that arrived, both ways, before the kill and after it. */
  readonly messagesBefore: number
  readonly messagesAfter: number
  /** Messages under way at the moment of the kill. */
  readonly inFlightAtKill: number
  /** Of the messages that the dead host had taken, those whose answer the second one had to send. */
  readonly answersTakenOver: number
  /** Messages that the bot got on both hosts: the first died before WhatsApp knew that it had them. */
  readonly redelivered: number
  /** Messages that a bot or a contact could not decrypt. */
  readonly undecryptable: number
  /** Messages sent again because of that. */
  readonly retried: number
  /** Messages that arrived nowhere. */
  readonly lost: number
  /** Frames that went out before the changes behind them were durable, because the backup took too long. */
  readonly unprotected: number
  readonly kills: number
  /** Age of the oldest change in a backup when it was committed; null when there was none. */
  readonly rpoMs: { readonly p50: number | null; readonly p99: number | null }
  readonly backups: number
  /** From the start of the second host's process until its last tenant was connected. */
  readonly restoreMs: number
  readonly durationMs: number
  readonly nodeVersion: string
}

export const tenantCount = 3

/** The promises that were not kept, in words; none when all is well. */
export function brokenPromises(figures: Figures): string[] {
  const promises: [keyof Figures, number, string][] = [
    ['tenants', tenantCount, 'tenants'],
    ['qrBefore', tenantCount, 'tenants that scanned a QR code on host 1'],
    ['qrAfterRestore', 0, 'QR codes asked for by host 2'],
    ['connected', tenantCount, 'tenants connected at the end'],
    ['undecryptable', 0, 'messages that could not be decrypted'],
    ['lost', 0, 'messages lost'],
    ['unprotected', 0, 'frames sent before their keys were backed up'],
    ['kills', 1, 'kills'],
  ]
  const broken = promises
    .filter(([name, promised]) => figures[name] !== promised)
    .map(([name, promised, what]) => `${what}: ${promised} promised, ${String(figures[name])} measured`)
  for (const name of ['messagesBefore', 'messagesAfter'] as const) {
    if (figures[name] === 0) broken.push(`${name}: none arrived, so nothing was shown`)
  }
  return broken
}

/** What went wrong with the keys, by WhatsApp's own counters. */
export function keyFailures(stats: Readonly<LoopbackStats>): { undecryptable: number; retried: number } {
  return { undecryptable: stats.undecryptable, retried: stats.retried }
}
