import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { suites } from './suites.mjs'

const root = path.join(import.meta.dirname, '../..')
const script = path.join(import.meta.dirname, 'run.mjs')

it('names suites that are there, each of them tests', () => {
  for (const suite of Object.values(suites)) {
    const place = path.join(root, suite)
    expect(existsSync(place), suite).toBe(true)
    const files = statSync(place).isDirectory() ? readdirSync(place) : [suite]
    expect(files.filter((file) => file.endsWith('.test.ts')).length, suite).toBeGreaterThan(0)
  }
})

it('leaves out of the tests that follow the proof what it has run, and nothing else', () => {
  const printed = execFileSync(process.execPath, [script, '--print-exclude'], { encoding: 'utf8' })
  expect(printed.trim().split('\n')).toEqual([
    '--exclude=test/model/**',
    '--exclude=test/fuzz/**',
    '--exclude=test/leaks/**',
    '--exclude=test/crash/crash.test.ts',
  ])
})
