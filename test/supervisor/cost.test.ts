import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryRegistry, memoryStore, systemClock } from '../../src/index.js'
import { counted, startSupervisor, temporaryDirectory, unpackSession } from './support.js'

const changed = (n: number) =>
  new Map(
    Array.from({ length: n }, (_, i) => [`session-22000000000${i}_1.0.json`, `{"version":"${i}-changed"}`]),
  )

describe('what a session of some 900 files costs', () => {
  it('backs up first with 1 upload, 20 changed files with 1, nothing changed with none and no file read', async () => {
    const { store, counts } = counted(memoryStore())
    const sessionPath = await temporaryDirectory()
    const folder = await unpackSession(sessionPath, 'tenant')
    const { supervisor, link } = await startSupervisor({ store, sessionPath })
    const session = await supervisor.start('tenant')
    await session.waitFor('connected')
    await session.backupNow()
    expect(counts.put).toBe(1)

    await link.files('tenant').write(changed(20))
    await session.backupNow()
    expect(counts.put).toBe(2)

    const reads = countReadsIn(folder)
    await session.backupNow()
    await session.auditNow()
    expect(counts.put).toBe(2)
    expect(reads()).toBe(0)

    // The count can fail: a file that another program rewrote is read.
    fs.writeFileSync(`${folder}/pre-key-5.json`, '{"other":1}')
    await session.auditNow()
    expect(reads()).toBe(1)
    expect(counts.put).toBe(3)
  })

  it('restores on an empty disk with at most 3 downloads, byte for byte', async () => {
    const { store, counts } = counted(memoryStore())
    const registry = memoryRegistry({ clock: systemClock })
    const sessionPath = await temporaryDirectory()
    const folder = await unpackSession(sessionPath, 'tenant')
    const first = await startSupervisor({ store, registry, sessionPath })
    const session = await first.supervisor.start('tenant')
    await session.waitFor('connected')
    await session.backupNow()
    await first.link.files('tenant').write(changed(20))
    await session.stop()
    const before = contentsOf(folder)
    await first.supervisor.shutdown()

    counts.get = 0
    const second = await startSupervisor({ store, registry })
    await (await second.supervisor.start('tenant')).waitFor('connected')
    expect(counts.get).toBeLessThanOrEqual(3)
    expect(counts.list).toBeLessThanOrEqual(2)
    expect(contentsOf(`${second.sessionPath}/tenant`)).toEqual(before)
  })

  it('asks the store for nothing when it starts again on the same disk', async () => {
    const { store, counts } = counted(memoryStore())
    const registry = memoryRegistry({ clock: systemClock })
    const sessionPath = await temporaryDirectory()
    await unpackSession(sessionPath, 'tenant')
    const first = await startSupervisor({ store, registry, sessionPath })
    const session = await first.supervisor.start('tenant')
    await session.waitFor('connected')
    await session.backupNow()
    await first.supervisor.shutdown()

    Object.assign(counts, { put: 0, get: 0, list: 0 })
    const second = await startSupervisor({ store, registry, sessionPath })
    await (await second.supervisor.start('tenant')).waitFor('connected')
    await second.supervisor.shutdown()
    expect(counts).toMatchObject({ put: 0, get: 0, list: 0 })
  })
})

function contentsOf(folder: string): Record<string, string> {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json'))
  return Object.fromEntries(names.sort().map((name) => [name, fs.readFileSync(`${folder}/${name}`, 'utf8')]))
}

function countReadsIn(folder: string): () => number {
  const isHere = (file: unknown) => String(file).startsWith(folder) && String(file).endsWith('.json')
  const opened = vi.spyOn(fs, 'openSync')
  const read = vi.spyOn(fs, 'readFileSync')
  const readLater = vi.spyOn(fs, 'readFile')
  syncBuiltinESMExports()
  onTestFinished(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })
  return () =>
    [opened, read, readLater]
      .map(({ mock }) => mock.calls.filter(([file]) => isHere(file)).length)
      .reduce((sum, count) => sum + count, 0)
}
