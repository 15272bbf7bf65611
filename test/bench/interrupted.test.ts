import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-interrupted-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('Ctrl-C in the middle ends the measurement, leaves nothing behind, and says so', async () => {
  const bench = spawn(process.execPath, [script, 'steady', '--quick', '--dir', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  const seen: string[] = []
  bench.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
    // The first measurement is over, the next one at work.
    if (said.includes('steady: RPO max') && seen.length === 0) {
      seen.push(...readdirSync(folder))
      bench.kill('SIGINT')
    }
  })
  const [code] = await once(bench, 'close')
  expect(seen).toEqual([expect.stringMatching(/^bench-/)])
  expect(code).toBe(130)
  expect(said).toMatch(/Stopped by SIGINT; nothing is left in .+bench-interrupted-/)
  expect(readdirSync(folder)).toEqual([])
})
