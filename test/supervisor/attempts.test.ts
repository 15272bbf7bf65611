import { describe, expect, it } from 'vitest'
import { TenantWork } from '../../src/actors/tenant-work.js'

describe('dates of one owner’s generations', () => {
  it('only grow, also when its clock goes back or stands still, and are whole', () => {
    const work = new TenantWork('tenant', { changed: () => {}, flawed: () => {} })
    const dates = [1_000, 1_000, 400.7, 2_000.9, 1_999].map((now) => work.nextCreatedAt(now))
    expect(dates).toEqual([1_000, 1_001, 1_002, 2_000, 2_001])
  })
})
