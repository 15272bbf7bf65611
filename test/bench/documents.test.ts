import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
// @ts-expect-error A script without types.
import { blocksOf } from '../../bench/blocks.mjs'
import { figureList } from '../../bench/figure-list.mjs'
import { figuresOf } from '../../bench/figures.js'
// @ts-expect-error A script without types.
import { filled, joined } from '../../bench/write.mjs'
import { wideReport } from './report.js'

const textOf = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')
const placesOf = (text: string) => [...text.matchAll(/<!-- bench:(\S+) -->/g)].map(([, name]) => name)
const blocks: Record<string, Record<string, string>> = blocksOf(wideReport())
const namesOf = (text: string) =>
  [...text.matchAll(/^\| (?:ok|MISSED)? +\| (.+?) +\|/gm)].map(([, name]) => name)

describe.each(Object.keys(blocks))('%s', (file) => {
  it('has a place for each table of the bench, and no other', () => {
    expect(placesOf(textOf(file)).sort()).toEqual(Object.keys(blocks[file]!).sort())
  })

  it('is itself again when the same tables are put there twice', () => {
    const once = filled(textOf(file), blocks[file], file)
    expect(filled(once, blocks[file], file)).toBe(once)
  })

  it('has something in each place', () => {
    for (const name of placesOf(textOf(file))) {
      const [, between] = textOf(file).split(`<!-- bench:${name} -->`)
      expect(between!.split(`<!-- /bench:${name} -->`)[0]!.trim(), name).not.toBe('')
    }
  })
})

describe('BENCHMARKS.md', () => {
  const [, figures] = textOf('BENCHMARKS.md').split(/<!-- \/?bench:figures -->/)
  const names = Object.values(figureList).map(({ name }) => name)

  it('has every figure of the bench, and no other', () => {
    expect(
      namesOf(figures!)
        .filter((name) => name !== 'figure')
        .sort(),
    ).toEqual(names.toSorted())
  })

  it('shows the picture that the bench draws', () => {
    expect(textOf('BENCHMARKS.md')).toContain('(bench/throughput.svg)')
    expect(textOf('bench/throughput.svg')).toMatch(/^<svg [\s\S]+<\/svg>\n$/)
  })

  it('says of a missed figure what stands in its way', () => {
    const missed = figuresOf('1 tenant', { restore: 42 })
    const { 'BENCHMARKS.md': told } = blocksOf({ ...wideReport(), figures: [...missed, ...ofUnits()] })
    expect(told.missed).toContain('**restore against one object a file**: 42 × faster, not 50. ')
  })
})

/** What docs/scaling.md is computed from. */
function ofUnits() {
  return figuresOf('1 tenant', { fleetCpu: 1, memory: 50 })
}

describe('a place', () => {
  it('that is not in the document, or twice, is an error that names it', () => {
    const place = '<!-- bench:a -->\n<!-- /bench:a -->'
    expect(filled(`before ${place} after`, { a: 'text' }, 'A.md')).toBe(
      'before <!-- bench:a -->\n\ntext\n\n<!-- /bench:a --> after',
    )
    for (const wrong of ['', '<!-- bench:a -->', `${place}${place}`, '<!-- /bench:a --> <!-- bench:a -->']) {
      expect(() => filled(wrong, { a: 'text' }, 'A.md')).toThrow(/A\.md needs the place a once/)
    }
  })
})

describe('reports of different parts', () => {
  const whole = {
    ...wideReport(),
    parts: ['strategies', 'boot', 'fleet', 'steady', 'audit', 'memory', 'tenants'],
  }
  const of = (parts: string[]) => ({
    ...whole,
    parts,
    figures: whole.figures.filter(({ part }) => parts.includes(part)),
    cells: parts.includes('strategies') ? whole.cells : [],
    sideBySide: parts.includes('strategies') ? whole.sideBySide : [],
    plot: parts.includes('tenants') ? whole.plot : [],
    seconds: 10,
  })

  it('are one when each part is there once, whatever came first', () => {
    const first = of(['fleet', 'steady', 'audit', 'memory', 'tenants'])
    expect(joined([first, of(['strategies', 'boot'])])).toEqual({ ...whole, seconds: 20 })
  })

  it('are none when a part is missing, was measured twice, or small', () => {
    expect(() => joined([of(['strategies'])])).toThrow(/Each part is needed once; look at boot, fleet, /)
    expect(() => joined([whole, of(['boot'])])).toThrow(/look at boot\./)
    expect(() => joined([{ ...whole, quick: true }])).toThrow(/--quick/)
  })
})
