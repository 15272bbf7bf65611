import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import {
  baseOf,
  creds,
  noHead,
  openRoot,
  openSmall,
  readFolder,
  reopen,
  smallSession,
  temporaryDirectory,
  treeOf,
} from './support/session-fixture.js'

async function small() {
  const path = temporaryDirectory()
  const root = await openRoot(path)
  const files = await openSmall(root)
  return {
    root,
    files,
    folder: join(path, 't'),
    journal: () => readFileSync(join(path, 't', '.journal'), 'utf8'),
  }
}

const one = (name: string, content: string | null) => new Map([[name, content]])

describe('writing', () => {
  it('puts a batch on disk as a whole, and says so with its position', async () => {
    const { files, folder } = await small()
    const heard = vi.fn()
    files.listen({ changed: heard })
    const batch = new Map([
      ['session-3.json', '{"a":1}'],
      ['pre-key-1.json', null],
    ])
    const position = await files.write(batch, 'urgent')
    expect(position).toBe(1)
    expect(heard.mock.calls).toEqual([[1, 'urgent']])
    const onDisk = readFolder(folder)
    expect(onDisk.get('session-3.json')).toBe('{"a":1}')
    expect(onDisk.has('pre-key-1.json')).toBe(false)
    expect(await files.read('session-3.json')).toBe('{"a":1}')
    expect(await files.read('pre-key-1.json')).toBeNull()
  })

  it('knows how large the whole set is without reading it, after writes, deletions and a reopening', async () => {
    const { root, files, folder } = await small()
    const onDisk = () =>
      [...readFolder(folder).values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    expect(files.capture().totalBytes).toBe(onDisk())
    await files.write(
      new Map([
        ['session-3.json', '{"a":"é"}'],
        ['pre-key-1.json', null],
      ]),
    )
    await files.write(one('session-3.json', '{"a":"longer than before"}'))
    expect(files.capture().totalBytes).toBe(onDisk())
    await files.close()
    const again = await reopen(root, noHead)
    expect(again.capture().totalBytes).toBe(onDisk())
  })

  it('takes the batch as it was when called', async () => {
    const { files } = await small()
    const batch = one('session-3.json', '{"a":1}')
    const written = files.write(batch)
    batch.set('session-3.json', '{"a":2}')
    await written
    expect(await files.read('session-3.json')).toBe('{"a":1}')
  })

  it('keeps the order of calls', async () => {
    const { files, folder } = await small()
    const writes = Array.from({ length: 50 }, (_, n) => files.write(one('session-3.json', `{"n":${n}}`)))
    expect(await Promise.all(writes)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
    expect(readFolder(folder).get('session-3.json')).toBe('{"n":49}')
  })

  it('writes nothing at all for what is stored already, keys in another order included', async () => {
    const { files, folder, journal } = await small()
    await files.write(one('session-3.json', '{"a":1,"b":[{"x":1,"y":2}]}'))
    const before = { journal: journal(), facts: statSync(join(folder, 'session-3.json')) }
    const heard = vi.fn()
    files.listen({ changed: heard })
    const same = new Map([
      ['session-3.json', '{"b":[{"y":2,"x":1}],"a":1}'],
      ['creds.json', smallSession.get('creds.json')!],
      ['session-none.json', null],
    ])
    expect(await files.write(same)).toBe(1)
    expect(heard).not.toHaveBeenCalled()
    expect(journal()).toBe(before.journal)
    expect(statSync(join(folder, 'session-3.json')).mtimeMs).toBe(before.facts.mtimeMs)
    expect(files.unsavedCount).toBe(1)
  })

  it('takes 811 new pre-keys as one batch', async () => {
    const { files, folder } = await small()
    const batch = new Map(
      Array.from({ length: 811 }, (_, n) => [`pre-key-${n + 100}.json`, `{"public":"${n}"}`]),
    )
    const written = files.write(batch)
    await new Promise((resume) => setImmediate(resume))
    // On its way to the files already; a reader sees all of it.
    for (const [name, content] of batch) expect(await files.read(name)).toBe(content)
    expect(await written).toBe(1)
    expect(readFolder(folder).size).toBe(811 + smallSession.size)
    expect(files.unsavedCount).toBe(811)
  })

  it.each([
    '../creds.json',
    '/etc/x.json',
    'a/b.json',
    '.journal',
    '.x.json',
    'creds.txt',
    'a\0.json',
    'c:\\x.json',
    'é.json',
    '.json',
    `${'x'.repeat(251)}.json`,
  ])('refuses the name %j', async (name) => {
    const { files } = await small()
    const before = files.capture()
    const batch = new Map([
      ['session-3.json', '{}'],
      [name, '{}'],
    ])
    await expect(files.write(batch)).rejects.toMatchObject({ code: 'invalid' })
    await expect(files.write(one(name, null))).rejects.toMatchObject({ code: 'invalid' })
    await expect(files.read(name)).rejects.toMatchObject({ code: 'invalid' })
    expect(files.capture()).toEqual(before)
  })

  it.each(['', '{', 'null', '{"a":1', '"\ud800"'])('refuses the content %j', async (content) => {
    const { files } = await small()
    await expect(files.write(one('session-3.json', content))).rejects.toMatchObject({ code: 'invalid' })
  })

  it.each(['[]', '"text"', '{}x'])('refuses %j as creds', async (content) => {
    const { files } = await small()
    await expect(files.write(one('creds.json', content))).rejects.toMatchObject({ code: 'invalid' })
  })

  it('tells no name and no content in its errors', async () => {
    const { files } = await small()
    const error = await files.write(one('session-4915112345678_1.0.json', 'secret-material')).catch((e) => e)
    expect(`${error.message} ${error.cause}`).not.toMatch(/4915112345678|secret-material/)
    const refused = await files.write(one('session-4915112345678/1.0.json', '{}')).catch((e) => e)
    expect(refused.message).not.toContain('4915112345678')
  })

  it('refuses a late write, while what was called before goes through', async () => {
    const { files, folder } = await small()
    const early = files.write(one('session-3.json', '{}'))
    const gone = files.refuseWrites()
    await expect(files.write(one('session-4.json', '{}'))).rejects.toMatchObject({ code: 'closed' })
    await gone
    // The final backup is decided upon now: it must know of the early one.
    expect(files.position).toBe(1)
    expect(await early).toBe(1)
    expect(readFolder(folder).has('session-4.json')).toBe(false)
    const capture = files.capture()
    await files.saved(capture, baseOf(smallSession, 2))
    expect(files.unsavedCount).toBe(0)
  })

  it('refuses everything after close, which waits for what was called before', async () => {
    const { files, folder } = await small()
    const early = files.write(one('session-3.json', '{}'))
    await files.close()
    await files.close()
    expect(await early).toBe(1)
    expect(readFolder(folder).has('session-3.json')).toBe(true)
    const late = [
      () => files.write(one('session-4.json', '{}')),
      () => files.read('creds.json'),
      () => files.audit({ full: false }),
      () => files.snapshotFiles(),
      () => files.heal(new Map()),
      () => files.saved(files.capture(), noHead),
    ]
    for (const call of late) await expect(call()).rejects.toMatchObject({ code: 'closed' })
  })

  it('leaves a journal of one line when everything is saved, and a bounded one when nothing is', async () => {
    const { files, journal } = await small()
    const big = 'x'.repeat(40_000)
    for (let n = 0; n < 100; n++) await files.write(one('session-3.json', JSON.stringify({ n, big })))
    expect(journal().length).toBeLessThan(1_200_000)
    expect(files.unsavedCount).toBe(1)
    await files.saved(files.capture(), baseOf([], 2))
    expect(journal().trimEnd().split('\n')).toHaveLength(1)
  })

  it('appends to a short journal that everything is saved, which costs no new file', async () => {
    const { files, journal } = await small()
    await files.write(one('session-3.json', '{"n":1}'))
    await files.saved(files.capture(), baseOf([], 2))
    await files.write(one('session-3.json', '{"n":2}'))
    expect(journal().trimEnd().split('\n')).toHaveLength(4)
  })
})

describe('a capture', () => {
  it('is the bytes that were written, with the digest of the whole set', async () => {
    const { files } = await small()
    await files.write(
      new Map([
        ['session-3.json', '{"b":1, "a":2}'],
        ['pre-key-1.json', null],
      ]),
    )
    await files.write(one('creds.json', creds({ nextPreKeyId: 812 })))
    const capture = files.capture()
    const whole = new Map(smallSession).set('session-3.json', '{"b":1, "a":2}')
    whole.set('creds.json', creds({ nextPreKeyId: 812 }))
    whole.delete('pre-key-1.json')
    expect(capture).toMatchObject({ position: 2, fileCount: whole.size, nextPreKeyId: 812 })
    expect(capture.tree).toBe(treeOf(whole).digest())
    expect(capture.changes).toEqual(
      new Map([
        ['session-3.json', '{"b":1, "a":2}'],
        ['pre-key-1.json', null],
        ['creds.json', creds({ nextPreKeyId: 812 })],
      ]),
    )
  })

  it('leaves what changed during its upload for the next', async () => {
    const { files } = await small()
    await files.write(one('session-3.json', '{"n":1}'))
    await files.write(one('session-4.json', '{"n":1}'))
    const capture = files.capture()
    await files.write(one('session-3.json', '{"n":2}'))
    await files.write(one('session-5.json', '{}'))
    await files.saved(capture, baseOf(smallSession, 2))
    expect([...files.capture().changes.keys()].sort()).toEqual(['session-3.json', 'session-5.json'])
  })

  it('has no file that was brought back to what is committed', async () => {
    const { files } = await small()
    await files.write(one('session-2_1.0.json', '{"version":"v2"}'))
    await files.write(one('session-9.json', '{}'))
    expect(files.unsavedCount).toBe(2)
    await files.write(
      new Map([
        ['session-2_1.0.json', smallSession.get('session-2_1.0.json')!],
        ['session-9.json', null],
      ]),
    )
    expect(files.unsavedCount).toBe(0)
    expect(files.oldestUnsavedAt).toBeNull()
  })

  it('keeps a file that was brought back while its change may have been committed', async () => {
    const { files } = await small()
    const original = smallSession.get('session-2_1.0.json')!
    await files.write(one('session-2_1.0.json', '{"version":"v2"}'))
    const capture = files.capture()
    await files.write(one('session-2_1.0.json', original))
    expect(files.unsavedCount).toBe(1)
    await files.saved(capture, baseOf(smallSession, 2))
    expect(files.capture().changes).toEqual(one('session-2_1.0.json', original))
    await files.write(one('session-2_1.0.json', '{"version":"v2"}'))
    await files.saved(files.capture(), baseOf(smallSession, 3))
    expect(files.unsavedCount).toBe(0)
  })

  it('has no file that returned to what was being uploaded, also after a restart', async () => {
    const { root, files } = await small()
    await files.write(one('session-3.json', '{"v":"uploaded"}'))
    const capture = files.capture()
    await files.write(one('session-3.json', '{"v":"other"}'))
    await files.write(
      new Map([
        ['session-3.json', '{"v":"uploaded"}'],
        ['session-4.json', '{}'],
      ]),
    )
    const head = baseOf([...smallSession, ['session-3.json', '{"v":"uploaded"}']], 2)
    await files.saved(capture, head)
    expect(files.capture().changes).toEqual(one('session-4.json', '{}'))
    await files.close()
    const copy = (await root.inspect('t'))!
    expect(copy.unsaved).toEqual(one('session-4.json', '{}'))
    expect(copy.committed!.digest()).toBe(head.head!.tree)
  })

  it('knows since when the oldest change waits', async () => {
    const { files } = await small()
    await files.write(one('session-3.json', '{"n":1}'))
    const since = files.oldestUnsavedAt!
    await files.write(one('session-4.json', '{}'))
    await files.write(one('session-3.json', '{"n":2}'))
    expect(files.oldestUnsavedAt).toBe(since)
    const capture = files.capture()
    await files.write(one('session-4.json', '{"n":3}'))
    await files.saved(capture, baseOf(smallSession, 2))
    expect(files.oldestUnsavedAt).toBeGreaterThan(since)
  })

  it.each([
    true,
    false,
  ])('survives a restart after saved() (journal outgrown meanwhile: %s)', async (outgrown) => {
    const { root, files } = await small()
    await files.write(
      new Map([
        ['session-3.json', '{"n":1}'],
        ['session-4.json', '{"n":1}'],
      ]),
    )
    const capture = files.capture()
    const big = outgrown ? 'x'.repeat(300_000) : ''
    for (let n = 2; n < 8; n++) await files.write(one('session-3.json', JSON.stringify({ n, big })))
    const head = baseOf([...smallSession, ['session-3.json', '{"n":1}'], ['session-4.json', '{"n":1}']], 2)
    await files.saved(capture, head)
    await files.close()
    const copy = (await root.inspect('t'))!
    expect(copy.base).toEqual(head)
    expect(copy.committed!.digest()).toBe(capture.tree)
    expect(copy.unsaved).toEqual(one('session-3.json', JSON.stringify({ n: 7, big })))
    const again = await root.open('t', { base: head, copy })
    expect(again.capture().changes).toEqual(copy.unsaved)
  })
})

describe('a snapshot', () => {
  it('is one moment, however much is written meanwhile', async () => {
    const { files } = await small()
    const names = Array.from({ length: 300 }, (_, n) => `session-${n + 10}.json`)
    const all = (n: number) => new Map(names.map((name) => [name, `{"n":${n}}`]))
    await files.write(all(0))
    let running = true
    const writer = (async () => {
      for (let n = 1; running; n++) await files.write(all(n))
    })()
    for (let round = 0; round < 8; round++) {
      const { capture, files: whole } = await files.snapshotFiles()
      expect(treeOf(whole).digest()).toBe(capture.tree)
      expect(new Set(names.map((name) => whole.get(name))).size).toBe(1)
      for (const [name, content] of capture.changes) expect(whole.get(name)).toBe(content)
    }
    running = false
    await writer
  })

  it('is refused while a file is damaged', async () => {
    const { files, folder } = await small()
    writeFileSync(join(folder, 'pre-key-1.json'), '')
    await expect(files.snapshotFiles()).rejects.toMatchObject({ code: 'corrupt' })
    expect(await files.heal(smallSession)).toEqual([])
    expect((await files.snapshotFiles()).files).toEqual(smallSession)
  })
})

it('leaves no temporary files, and removes those of a crash', async () => {
  const { root, files, folder } = await small()
  await files.write(one('session-3.json', '{}'))
  await files.close()
  writeFileSync(join(folder, '.tmp-file'), '{"torn')
  const again = await reopen(root, baseOf(smallSession))
  expect(await again.write(one('session-4.json', '{}'))).toBe(2)
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual(['.journal'])
})
