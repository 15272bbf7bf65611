import { describe, expect, it } from 'vitest'
import { Timeline } from '../../src/dashboard/timeline.js'
import type { NewEntry } from '../../src/dashboard/timeline-entries.js'
import { VirtualClock } from '../support/virtual-clock.js'

const entry: NewEntry = { kind: 'fact', level: 'info', name: 'a.fact', text: 'a fact', detail: { seq: 1 } }

function timelineOfNobody() {
  const nobody = { on: () => () => {}, get: () => undefined }
  return new Timeline({ supervisor: nobody as never, clock: new VirtualClock(), onAction: () => () => {} })
}

describe('the timelines of many tenants', () => {
  it('keep the newest 200 entries of a tenant, and tell how many went', () => {
    const timeline = timelineOfNobody()
    for (let count = 0; count < 1_000; count++) timeline.add('a', { ...entry, detail: { seq: count } })
    const { entries, dropped } = timeline.of('a')
    expect(entries).toHaveLength(200)
    expect(entries.at(-1)!.detail.seq).toBe(999)
    expect(entries[0]!.n).toBe(801)
    expect(dropped).toBe(800)
    expect(timeline.count).toBeLessThanOrEqual(250)
  })

  it('are bounded together: 5,000 busy tenants keep 20,000 entries, the silent ones going first', () => {
    const timeline = timelineOfNobody()
    for (let count = 0; count < 20; count++) {
      for (let tenant = 0; tenant < 5_000; tenant++) timeline.add(`tenant-${tenant}`, entry)
      expect(timeline.count).toBeLessThanOrEqual(20_000)
    }
    expect(timeline.of('tenant-4999').entries.length).toBeGreaterThan(0)
    timeline.add('the newest', entry)
    expect(timeline.of('the newest').entries).toHaveLength(1)
    timeline.close()
    expect(timeline.count).toBe(0)
  })

  it('cost nothing for tenants to which nothing happens', () => {
    const timeline = timelineOfNobody()
    for (let tenant = 0; tenant < 5_000; tenant++) expect(timeline.of(`tenant-${tenant}`).entries).toEqual([])
    expect(timeline.count).toBe(0)
  })
})
