import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startChild } from '../support/child.js'
import { ownSchema, sayNotRun, testDatabaseUrl } from './postgres.js'

it('loads the embedded database when it is opened', async () => {
  const path = await mkdtemp(join(tmpdir(), 'registry-loading-'))
  const child = startChild('registry/loading-child.ts', ['pglite', path])
  expect(await child.next()).toEqual({ outcome: 'open', embedded: true, driver: true })
  await child.kill('SIGKILL')
  await rm(path, { recursive: true })
}, 60_000)

it('never loads the embedded database for one that is elsewhere, even when that is away', async () => {
  const child = startChild('registry/loading-child.ts', ['postgresql', 'postgresql://user@127.0.0.1:1/db'])
  expect(await child.next()).toEqual({ outcome: 'unavailable', embedded: false, driver: true })
  await child.kill('SIGKILL')
})

it('never loads the embedded database for the one in memory', async () => {
  const child = startChild('registry/loading-child.ts', ['memory'])
  expect(await child.next()).toMatchObject({ outcome: 'open', embedded: false })
  await child.kill('SIGKILL')
})

if (testDatabaseUrl) {
  it('never loads the embedded database with a real PostgreSQL at work', async () => {
    const { url, drop } = ownSchema()
    const child = startChild('registry/loading-child.ts', ['postgresql', url])
    expect(await child.next()).toEqual({ outcome: 'open', embedded: false, driver: true })
    await child.kill('SIGKILL')
    await drop()
  })
} else {
  sayNotRun('what is loaded for a real PostgreSQL')
}
