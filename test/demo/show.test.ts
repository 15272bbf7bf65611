import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { plainShow } from '../../src/demo/plain-show.js'
import type { Outcome } from '../../src/demo/show.js'
import { TerminalShow } from '../../src/demo/terminal-show.js'
import { wrap } from '../../src/demo/wrap.js'

const outcome: Outcome = {
  isGood: true,
  heading: 'All went well.',
  rows: [
    ['Lost', '0'],
    ['Back after', '3.5 s'],
  ],
  notes: [],
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('without a terminal', () => {
  it('prints a line for each step that is done, with its duration, and no control characters', () => {
    const written: string[] = []
    const show = plainShow(
      (text) => void written.push(text),
      () => Date.now(),
    )
    show.title(['A title'])
    show.begin('Working', () => 'never shown')
    vi.advanceTimersByTime(1_234)
    show.done('Worked', ['by itself'])
    show.end(outcome)
    expect(written.join('')).toBe(
      [
        'A title',
        'ok  Worked (1.2 s)',
        '    by itself',
        'ok  All went well. (1.2 s)',
        '    Lost        0',
        '    Back after  3.5 s',
        '',
      ].join('\n'),
    )
  })
})

describe('on a terminal', () => {
  function terminal(columns: number) {
    const written: string[] = []
    const show = new TerminalShow({ columns, write: (text) => void written.push(text) }, () => Date.now())
    return {
      show,
      raw: () => written.join(''),
      text: () => stripVTControlCharacters(written.splice(0).join('')),
    }
  }

  it('redraws the present step with its counters until it is done', () => {
    const { show, text } = terminal(80)
    let count = 0
    show.begin('Counting', () => `${++count} so far`)
    vi.advanceTimersByTime(200)
    expect(text()).toMatch(/Counting {3}1 so far.*Counting {3}2 so far.*Counting {3}3 so far/s)
    show.done('Counted')
    expect(text()).toMatch(/✔ Counted +0\.2 s/)
    vi.advanceTimersByTime(1_000)
    expect(text()).toBe('')
  })

  it('marks the step that was not finished, and draws a box whose sides are straight', () => {
    const { show, text } = terminal(60)
    show.begin('Doing')
    show.end({
      ...outcome,
      isGood: false,
      heading: 'It went wrong, and this sentence is longer than a line can be.',
    })
    const lines = text().split('\n')
    expect(lines.some((line) => /✘ Doing/.test(line))).toBe(true)
    const box = lines.filter((line) => /[│╭╰]/.test(line))
    expect(new Set(box.map((line) => line.length)).size).toBe(1)
    expect(box[0]!.length).toBeLessThanOrEqual(60)
    expect(box.join('\n')).toContain('Back after  3.5 s')
  })

  it('gives the cursor back when it is closed in the middle of a step', () => {
    const { show, raw } = terminal(80)
    show.begin('Doing')
    show.close()
    expect(raw().endsWith('\u001b[?25h')).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('never draws a line that is wider than the terminal', () => {
    const { show, text } = terminal(50)
    show.begin(
      'A step with a long name that does not fit the line at all',
      () => 'counters that need their own line',
    )
    show.done('A step with a long name that does not fit the line at all', [
      'a note that is also rather long for this',
    ])
    const widths = text()
      .split(/[\r\n]/)
      .map((line) => line.length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(50)
  })
})

describe('wrapping', () => {
  it('breaks at spaces and keeps long words whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('incomprehensibilities no', 5)).toEqual(['incomprehensibilities', 'no'])
  })
})
