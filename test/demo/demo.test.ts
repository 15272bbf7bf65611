import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Figures } from '../../src/demo/figures.js'

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

describe('the compiled demo', () => {
  let temporary: string
  let child: ChildProcess
  let output: string

  beforeEach(async () => {
    if (!existsSync(main)) throw new Error('This suite runs what is compiled: npm run build')
    temporary = await mkdtemp(join(tmpdir(), 'demo-test-'))
    output = ''
  })
  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await rm(temporary, { recursive: true, force: true })
  })

  function start(...options: string[]): void {
    child = spawn(process.execPath, [main, 'demo', ...options], {
      env: { ...process.env, TMPDIR: temporary, FORCE_COLOR: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
  }

  /** Resolves with the pid of the host that was announced. */
  async function hostIsUp(): Promise<number> {
    for (;;) {
      const pid = /Host 1 is up \(process (\d+)\)/.exec(output)?.[1]
      if (pid) return Number(pid)
      await once(child.stdout!, 'data')
    }
  }

  it('loses a host in mid-traffic and nothing else, and measures it', async () => {
    start('--json')
    const [exitCode] = await once(child, 'close')
    expect(exitCode, output).toBe(0)
    const figures = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Figures
    expect(figures).toMatchObject({
      tenants: 3,
      qrBefore: 3,
      qrAfterRestore: 0,
      connected: 3,
      undecryptable: 0,
      lost: 0,
      unprotected: 0,
      kills: 1,
      nodeVersion: process.versions.node,
    })
    expect(figures.messagesBefore).toBeGreaterThanOrEqual(200)
    expect(figures.messagesAfter).toBeGreaterThanOrEqual(200)
    expect(figures.inFlightAtKill).toBeGreaterThan(0)
    expect(figures.backups).toBeGreaterThan(6)
    expect(figures.rpoMs.p50).toBeGreaterThan(0)
    expect(figures.rpoMs.p99).toBeGreaterThanOrEqual(figures.rpoMs.p50!)
    expect(figures.restoreMs).toBeGreaterThan(0)
    expect(await readdir(temporary)).toEqual([])
    expect(output).not.toMatch(/wa\.me|linked_devices|\d@s\.whatsapp/)
    expect(output).not.toContain('\u001b')
  }, 110_000)

  it('ends its hosts and removes its files when it is interrupted', async () => {
    start()
    const host = await hostIsUp()
    child.kill('SIGINT')
    const [exitCode] = await once(child, 'close')
    expect(exitCode, output).toBe(130)
    expect(() => process.kill(host, 0)).toThrow('ESRCH')
    expect(await readdir(temporary)).toEqual([])
  }, 60_000)

  it('says what failed, exits with 1 and cleans up when a host dies by itself', async () => {
    start('--json')
    process.kill(await hostIsUp(), 'SIGKILL')
    const [exitCode] = await once(child, 'close')
    expect(exitCode, output).toBe(1)
    expect(output).toContain('A host process ended by itself (SIGKILL)')
    expect(output).not.toContain('{"tenants"')
    expect(await readdir(temporary)).toEqual([])
  }, 60_000)
})
