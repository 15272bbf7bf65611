import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createSupervisor, directoryStore } from '../../src/index.js'
import { startChild } from '../support/child.js'
import { FakeLink } from '../support/fake-link.js'
import { forge, pairedCreds } from './support/forge.js'
import { tried } from './support/inputs.js'
import { tenant } from './support/small-host.js'

it('gigabytes in small objects, in one or spread over a chain, do not cost more memory than one session may', async () => {
  const child = startChild('fuzz/support/bomb-child.ts', [], { NODE_OPTIONS: '--max-old-space-size=1024' })
  onTestFinished(() => child.kill('SIGKILL'))
  const { codes, grownMb } = (await child.next()) as { codes: string[]; grownMb: number }
  tried(codes.length)
  expect(codes).toEqual(['corrupt', 'corrupt', 'corrupt', 'corrupt'])
  // One payload is unpacked to 256 MB at most, and held as bytes and as text while it is read.
  expect(grownMb).toBeLessThan(1024)
})

it('a generation that names paths writes nothing outside of the session folder of a real process', async () => {
  const base = await mkdtemp(path.join(tmpdir(), 'hostile-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const sessionPath = path.join(base, 'sessions')
  await mkdir(sessionPath)
  const store = directoryStore({ path: path.join(base, 'objects') })
  const paths = [
    '../evil.json',
    '../../evil.json',
    `${base}/evil.json`,
    '.supervisor/evil.json',
    'x/../../evil.json',
  ]
  const puts = { 'creds.json': pairedCreds, ...Object.fromEntries(paths.map((name) => [name, '{}'])) }
  const { key, body } = forge({ puts })
  tried()
  await store.put(key, body)
  const link = new FakeLink()
  const failures: unknown[] = []
  const logger = { debug() {}, info() {}, warn: (fields: object) => failures.push(fields), error() {} }
  const registry = { kind: 'memory' } as const
  const options = { sessionPath, store, registry, link, logger, signals: false, resume: false }
  const supervisor = await createSupervisor(options)
  const session = await supervisor.start(tenant)
  await expect.poll(() => session.lastError, { timeout: 20_000 }).toBe('corrupt')
  await supervisor.shutdown()
  await store.close()
  expect(link.connections).toEqual([])
  const found = readdirSync(base, { recursive: true, encoding: 'utf8' })
  expect(found.filter((name) => name.includes('evil'))).toEqual([])
  expect(existsSync(path.join(sessionPath, tenant))).toBe(false)
  expect(String(failures.map((fields) => (fields as { err?: unknown }).err))).toContain(key)
})
