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
  readonly twoOwners: number
  readonly handOvers: number
  readonly outages: number
  readonly messages: { readonly toBot: number; readonly fromBot: number }
  readonly undecryptable: { readonly unexpected: number }
  readonly lost: { readonly commits: number; readonly writes: number }
  readonly qr: { readonly expected: number; readonly unexpected: number }
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

const nothingLost = {
  undecryptable: { unexpected: 0 },
  lost: { commits: 0, writes: 0 },
  qr: { unexpected: 0 },
  reusedPreKeyIds: 0,
}

beforeAll(() => {
  if (!existsSync(built)) throw new Error('dist/ is missing: run `npm run build` first.')
})

describe('a supervisor that is killed at random moments', () => {
  it('finds a usable session at every restart, and asks for no code once pairing was stored', async () => {
    const { code, counts } = await crash(['--kills', '8', '--scenarios', '0', '--seed', '4'])
    expect(counts.violations).toEqual([])
    expect(counts).toMatchObject({ kills: 8, restarts: 8, ...nothingLost })
    expect(counts.usable).toBeGreaterThan(0)
    expect(counts.usable + counts.killedBeforeUsable).toBe(8)
    expect(counts.generationsVerified).toBeGreaterThan(0)
    expect(code).toBe(0)
  }, 180_000)
})

describe('several hosts, and what they share', () => {
  it('one tenant with two live owners, handed over, and through outages of store and registry: nothing is lost', async () => {
    const { code, counts } = await crash(['--kills', '0', '--scenarios', '1', '--seed', '4'])
    expect(counts.violations).toEqual([])
    // One code each, to pair.
    expect(counts).toMatchObject({
      ...nothingLost,
      twoOwners: 1,
      handOvers: 1,
      outages: 1,
      qr: { expected: 3, unexpected: 0 },
    })
    expect(Math.min(counts.messages.toBot, counts.messages.fromBot)).toBeGreaterThan(0)
    expect(code).toBe(0)
  }, 180_000)
})
