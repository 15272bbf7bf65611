import { describe, expect, it } from 'vitest'
// @ts-expect-error: the page's own script, which has no declarations
import { duration, field } from '../../src/dashboard/assets/format.js'

describe('a field of a fact, in the timeline', () => {
  it.each([
    ['uploadMs', 37, 'upload 37 ms'],
    ['ageMs', 6_185, 'age 6.2 s'],
    ['ageMs', 247_000, 'age 4 min 07 s'],
    ['bytes', 81_965, '82 kB'],
    ['changes', 1_813, 'changes 1,813'],
    ['kind', 'delta', 'kind delta'],
    ['fellBack', true, 'fell back'],
    ['lastError', 'diskFull', 'last error diskFull'],
  ])('%s %s reads "%s"', (name, value, words) => {
    expect(field(name, value)).toBe(words)
  })

  it('never shows a length of time below its unit as nothing', () => {
    expect([0, 999, 1_000, 59_999].map(duration)).toEqual(['0 ms', '999 ms', '1.0 s', '60.0 s'])
  })
})
