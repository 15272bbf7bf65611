import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('./run.mjs', import.meta.url))
const built = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url))

interface Counts {
  readonly kills: number
  readonly restarts: number
  readonly usable: number
  readonly killedBeforeUsable: number
  readonly generationsVerified: number
  readonly reusedPreKeyIds: number
  readonly violations: readonly object[]
}

/** The built package, as users have it: `npm test` builds it first. The long form is `npm run test:crash`. */
function crash(args: string[]): Promise<{ code: number | null; counts: Counts }> {
  const child = spawn(process.execPath, [script, '--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      const line = out.trim().split('\n').at(-1)
      if (line) resolve({ code, counts: JSON.parse(line) })
      else reject(new Error(`the crash run ended with ${code}: ${err}`))
    })
  })
}

describe('a supervisor that is killed at random moments', () => {
  beforeAll(() => {
    if (!existsSync(built)) throw new Error('dist/ is missing: run `npm run build` first.')
  })

  it('finds a usable session at every restart, and asks for no code once pairing was stored', async () => {
    const { code, counts } = await crash(['--kills', '8', '--seed', '4'])
    expect(counts.violations).toEqual([])
    expect(counts).toMatchObject({ kills: 8, restarts: 8, reusedPreKeyIds: 0 })
    expect(counts.usable).toBeGreaterThan(0)
    expect(counts.usable + counts.killedBeforeUsable).toBe(8)
    expect(counts.generationsVerified).toBeGreaterThan(0)
    expect(code).toBe(0)
  }, 180_000)
})
