import { describe, expect, it } from 'vitest'
import { brokenPromises, type Figures } from '../../src/demo/figures.js'
import { outcomeOf } from '../../src/demo/outcome.js'
import { percentile } from '../../src/demo/percentile.js'

const good: Figures = {
  tenants: 3,
  qrBefore: 3,
  qrAfterRestore: 0,
  connected: 3,
  messagesBefore: 300,
  messagesAfter: 250,
  inFlightAtKill: 9,
  answersTakenOver: 4,
  redelivered: 5,
  undecryptable: 0,
  retried: 0,
  lost: 0,
  unprotected: 0,
  kills: 1,
  rpoMs: { p50: 120, p99: 800 },
  backups: 180,
  restoreMs: 3500,
  durationMs: 17_000,
  nodeVersion: '20.20.2',
}

describe('the promises of the demo', () => {
  it('are kept when all is as measured here', () => {
    expect(brokenPromises(good)).toEqual([])
    expect(outcomeOf(good)).toMatchObject({
      isGood: true,
      heading: expect.stringContaining('nothing was lost'),
    })
  })

  it.each<[keyof Figures, number, string]>([
    ['tenants', 2, 'tenants: 3 promised, 2 measured'],
    ['qrBefore', 2, 'tenants that scanned a QR code on host 1: 3 promised, 2 measured'],
    ['qrAfterRestore', 1, 'QR codes asked for by host 2: 0 promised, 1 measured'],
    ['connected', 2, 'tenants connected at the end: 3 promised, 2 measured'],
    ['undecryptable', 1, 'messages that could not be decrypted: 0 promised, 1 measured'],
    ['lost', 1, 'messages lost: 0 promised, 1 measured'],
    ['unprotected', 1, 'frames sent before their keys were backed up: 0 promised, 1 measured'],
    ['kills', 0, 'kills: 1 promised, 0 measured'],
    ['messagesBefore', 0, 'messagesBefore: none arrived, so nothing was shown'],
    ['messagesAfter', 0, 'messagesAfter: none arrived, so nothing was shown'],
  ])('break with %s = %i, and the end says so', (name, value, sentence) => {
    const figures = { ...good, [name]: value }
    expect(brokenPromises(figures)).toEqual([sentence])
    expect(outcomeOf(figures)).toMatchObject({ isGood: false, heading: `Not as promised: ${sentence}.` })
  })
})

describe('a percentile', () => {
  it('is the smallest value that enough of the values do not exceed', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(percentile(values, 0.5)).toBe(50)
    expect(percentile(values, 0.99)).toBe(99)
    expect(percentile([7], 0.5)).toBe(7)
  })

  it('of nothing is null', () => {
    expect(percentile([], 0.5)).toBeNull()
  })
})
