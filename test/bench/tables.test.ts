import { describe, expect, it } from 'vitest'
import { figureList } from '../../bench/figure-list.mjs'
import { figuresOf } from '../../bench/figures.js'
// @ts-expect-error A script without types.
import { figureText, sideBySideRows, sideBySideTitle, strategyGroups, tableText } from '../../bench/table.mjs'
import { wideReport } from './report.js'

const kinds = Object.values(figureList)
const report = wideReport()
const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

describe('the tables', () => {
  it('fit into a terminal of 80 columns, however large the figures are', () => {
    expect(widest(figureText(report.figures))).toBeLessThanOrEqual(80)
    for (const group of strategyGroups(report.cells)) expect(widest(tableText(group))).toBeLessThanOrEqual(80)
    expect(
      widest(
        tableText({ title: sideBySideTitle(report.sideBySide), rows: sideBySideRows(report.sideBySide) }),
      ),
    ).toBeLessThanOrEqual(80)
  })

  it('have each figure once, under what it was measured with', () => {
    const text: string = figureText([
      ...figuresOf('few tenants', { bootWall: 1.4, fleetWall: 1.31 }),
      ...figuresOf('many tenants', { steadyP50: 250 }),
    ])
    expect(text).toMatch(/few tenants\nok +boot: wall .+1\.4 +≤ 1\.5 +×\nMISSED +fleet: wall/)
    expect(text).toMatch(/many tenants\n +steady: RPO p50 +250 +ms$/)
  })

  it('hold no target against a quick run', () => {
    expect(figureText(figuresOf('2 tenants', { bootWall: 9 }), false)).not.toMatch(/MISSED|≤/)
  })
})

describe('the list of figures', () => {
  it('names each once, and judges on one side', () => {
    expect(new Set(kinds.map(({ name }) => name)).size).toBe(kinds.length)
    expect(kinds.filter(({ most, least }) => most !== undefined && least !== undefined)).toEqual([])
  })

  it('refuses a figure that is not on it', () => {
    expect(() => figuresOf('1 tenant', { unheardOf: 1 })).toThrow(/No figure is called unheardOf/)
  })

  it('takes a target as met at its very value', () => {
    const ok = (measured: Record<string, number>) => figuresOf('', measured)[0]!.ok
    expect([
      ok({ bootWall: 1.5 }),
      ok({ bootWall: 1.501 }),
      ok({ restore: 50 }),
      ok({ restore: 49.9 }),
    ]).toEqual([true, false, true, false])
    expect(ok({ steadyMax: 9_999 })).toBeNull()
  })
})
