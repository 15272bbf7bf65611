import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
// @ts-expect-error A script without types.
import { optionsOf } from '../../bench/options.mjs'
// @ts-expect-error A script without types.
import { partNames } from '../../bench/plan.mjs'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-options-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the command line of the bench', () => {
  it('runs all parts unless some are named, in the order in which they run', () => {
    expect(optionsOf([]).parts).toEqual(partNames)
    expect(optionsOf(['fleet', 'strategies']).parts).toEqual(['strategies', 'fleet'])
  })

  it.each([
    [['everything'], /No part is called everything\. Parts: strategies, boot, fleet, /],
    [['--quik'], /Unknown option '--quik'\. See --help\./],
    [['--dir'], /--dir.+See --help\./],
    [
      ['--dir', '/nowhere/at/all'],
      /--dir \/nowhere\/at\/all: it is not there.+Make it first, or give another/,
    ],
    [['--dir', process.execPath], /it is not there, or not yours/],
    [['--plot', '/nowhere/at/all/plot.svg'], /--plot .+: its folder is not there/],
    [['fleet', '--plot', 'plot.svg'], /--plot needs the part tenants/],
    [['--write', '--quick'], /--write needs a whole run/],
    [['--write', 'fleet'], /--write needs a whole run/],
  ])('%j is refused with what to do', (args, message) => {
    expect(() => optionsOf(args)).toThrow(message)
  })

  it('takes a folder relative to where it is called', () => {
    chmodSync(folder, 0o700)
    expect(optionsOf(['--dir', folder]).dir).toBe(folder)
  })
})
