import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Base, type KeyFolder, openSessionRoot, type SessionRoot } from '../../src/session/index.js'
import { DyingDisk } from './support/faulty-disk.js'
import {
  baseOf,
  creds,
  openRoot,
  openSmall,
  readFolder,
  reopen,
  smallSession,
  sorted,
  temporaryDirectory,
  testClock,
  treeOf,
} from './support/session-fixture.js'

type Files = Map<string, string>

const names = ['creds.json', 'session-1.json', 'session-2.json', 'pre-key-1.json', 'lid-mapping-1.json']

const batches = fc.array(
  fc.tuple(fc.constantFrom(...names), fc.option(fc.integer({ min: 0, max: 3 }), { freq: 4 })),
  { minLength: 1, maxLength: 5 },
)
const operations = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: batches.map((batch) => ({ kind: 'write' as const, batch })) },
    { weight: 1, arbitrary: fc.constant({ kind: 'capture' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'saved' as const }) },
  ),
  { minLength: 1, maxLength: 12 },
)
type Operation = typeof operations extends fc.Arbitrary<(infer O)[]> ? O : never

function contentOf(name: string, version: number | null): string | null {
  if (version === null) return name === 'creds.json' ? creds({ version: -1 }) : null
  return name === 'creds.json' ? creds({ version }) : `{"version":${version}}`
}

function applied(files: Files, batch: ReadonlyMap<string, string | null>): Files {
  const after = new Map(files)
  for (const [name, content] of batch) content === null ? after.delete(name) : after.set(name, content)
  return after
}

/** What should hold of a folder, kept beside it. */
class Model {
  files: Files = new Map(smallSession)
  /** The batch that was not acknowledged. */
  flying: Files | null = null
  heads = new Map<number, Files>([[1, new Map(smallSession)]])
  captured: { files: Files; capture: ReturnType<KeyFolder['capture']> } | null = null
  seq = 1

  async run(folder: KeyFolder, operation: Operation): Promise<void> {
    if (operation.kind === 'capture') {
      this.captured = { files: this.files, capture: folder.capture() }
    } else if (operation.kind === 'write') {
      const batch = new Map(operation.batch.map(([name, version]) => [name, contentOf(name, version)]))
      this.flying = applied(this.files, batch)
      await folder.write(batch)
      this.files = this.flying
      this.flying = null
    } else if (this.captured) {
      this.heads.set(++this.seq, this.captured.files)
      await folder.saved(this.captured.capture, this.head(this.seq))
      this.captured = null
    }
  }

  head(seq: number): Base {
    return baseOf(this.heads.get(seq)!, seq)
  }
}

async function checkRecovered(root: SessionRoot, model: Model): Promise<KeyFolder> {
  const copy = (await root.inspect('t'))!
  const onDisk = sorted(copy.files)
  const possible = [model.files, model.flying]
    .filter((files) => files !== null)
    .map((files) => sorted(files!))
  expect(possible).toContainEqual(onDisk)
  expect(sorted(readFolder(join(root.path, 't')))).toEqual(onDisk)
  expect(copy.damaged).toEqual([])
  const seq = copy.base!.head!.seq
  const committed = model.heads.get(seq)!
  expect(copy.committed?.digest()).toBe(treeOf(committed).digest())
  expect(sorted(applied(committed, copy.unsaved))).toEqual(onDisk)
  const folder = await root.open('t', { base: model.head(seq), copy })
  // Exact after opening: what differs, and nothing else.
  const differing = [...new Set([...committed.keys(), ...onDisk.keys()])]
  const unsaved = differing.filter((name) => committed.get(name) !== onDisk.get(name)).sort()
  expect([...folder.capture().changes.keys()].sort()).toEqual(unsaved)
  Object.assign(model, { files: new Map(onDisk), flying: null, captured: null })
  return folder
}

describe('a process that dies at any change of the disk', () => {
  it('finds every batch whole, the acknowledged ones all, and exactly what is unsaved', async () => {
    const deaths = fc.array(fc.tuple(operations, fc.integer({ min: 1, max: 40 }), fc.boolean()), {
      minLength: 1,
      maxLength: 3,
    })
    await fc.assert(
      fc.asyncProperty(deaths, async (runs) => {
        const path = temporaryDirectory()
        const model = new Model()
        const first = await openRoot(path)
        await (await openSmall(first)).close()
        await first.close()
        for (const [todo, at, tear] of runs) {
          const dying = new DyingDisk()
          const root = await openSessionRoot({
            path,
            clock: testClock,
            random: Math.random,
            disk: dying.disk,
          })
          const folder = await checkRecovered(root, model)
          dying.dieAt(at, tear)
          for (const operation of todo) {
            if (dying.dead) break
            await model.run(folder, operation).catch((error) => {
              if (!dying.dead) throw error
            })
          }
          await root.close()
          const next = await openSessionRoot({ path, clock: testClock, random: Math.random })
          await (await checkRecovered(next, model)).close()
          await next.close()
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('a journal that was cut', () => {
  it('at any byte gives a whole prefix of the batches, or is known not to be trusted', async () => {
    const path = temporaryDirectory()
    const root = await openRoot(path)
    const files = await openSmall(root)
    const states = [new Map(smallSession)]
    for (const [n, name] of ['session-1.json', 'session-3.json', 'session-1.json'].entries()) {
      await files.write(
        new Map([
          [name, `{"n":${n}}`],
          ['pre-key-9.json', `{"n":${n}}`],
        ]),
      )
      states.push(new Map(readFolder(join(path, 't'))))
    }
    await files.close()
    const journalPath = join(path, 't', '.journal')
    const journal = readFileSync(journalPath)
    const ends = [...journal.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1)
    for (let length = 0; length < journal.length; length++) {
      writeFileSync(journalPath, journal.subarray(0, length))
      const copy = (await root.inspect('t'))!
      const lines = ends.filter((end) => end <= length).length
      expect(copy.journal).toBe(lines === 0 ? 'damaged' : 'intact')
      // The files are those of the last batch: what the cut journal does not explain must not be called committed.
      expect(copy.files).toEqual(sorted(states[3]!))
      if (lines === 0) expect(copy.base).toBeNull()
      else expect(copy.base).toEqual(baseOf(smallSession))
      if (lines < ends.length - 1) expect(copy.committed).toBeNull()
    }
  })

  it('in the middle is not trusted past the bad line, whatever byte was changed', async () => {
    const path = temporaryDirectory()
    const root = await openRoot(path)
    const files = await openSmall(root)
    for (let n = 0; n < 3; n++) await files.write(new Map([['session-1.json', `{"n":${n}}`]]))
    await files.close()
    const journalPath = join(path, 't', '.journal')
    const journal = readFileSync(journalPath)
    const lastLine = journal.lastIndexOf(10, journal.length - 2) + 1
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: lastLine - 2 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const bad = Buffer.from(journal)
          bad[at] = bad[at]! ^ flip
          writeFileSync(journalPath, bad)
          const copy = (await root.inspect('t'))!
          expect(copy).toMatchObject({ journal: 'damaged', base: null, committed: null })
          expect(copy.unsaved.size).toBe(0)
          expect(copy.files.get('session-1.json')).toBe('{"n":2}')
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is never read as something else than it was: any bytes', async () => {
    const path = temporaryDirectory()
    const root = await openRoot(path)
    await (await openSmall(root)).close()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        writeFileSync(join(path, 't', '.journal'), bytes)
        expect(await root.inspect('t')).toMatchObject({ journal: 'damaged', base: null, damaged: [] })
      }),
      { numRuns: 100 },
    )
  })
})

describe('a batch that a crash left unapplied', () => {
  async function crashed(): Promise<{ path: string; root: SessionRoot; batch: Map<string, string | null> }> {
    const path = temporaryDirectory()
    const dying = new DyingDisk()
    const root = await openRoot(path, dying.disk)
    const files = await openSmall(root)
    const batch = new Map([
      ['session-2_1.0.json', '{"version":"v2"}'],
      ['pre-key-1.json', null],
    ])
    // The first change is the journal's line; the second is the first file.
    dying.dieAt(2)
    await files.write(batch)
    await root.close()
    return { path, root: await openRoot(path), batch }
  }

  it('is completed at the next look', async () => {
    const { path, root, batch } = await crashed()
    expect(readFolder(join(path, 't'))).toEqual(sorted(smallSession))
    const copy = (await root.inspect('t'))!
    expect(readFolder(join(path, 't'))).toEqual(sorted(applied(new Map(smallSession), batch)))
    expect(copy.unsaved).toEqual(batch)
  })

  it('does not undo what plain Baileys wrote on the folder since', async () => {
    const { path, root } = await crashed()
    writeFileSync(join(path, 't', 'session-2_1.0.json'), '{"version":"v3"}')
    const copy = (await root.inspect('t'))!
    expect(copy.files.get('session-2_1.0.json')).toBe('{"version":"v3"}')
    expect(copy.unsaved.get('session-2_1.0.json')).toBe('{"version":"v3"}')
    expect(copy.files.has('pre-key-1.json')).toBe(false)
    const again = await root.open('t', { base: baseOf(smallSession), copy })
    expect(again.unsavedCount).toBe(2)
  })
})

it('a folder that plain Baileys worked on says that its committed set is not known', async () => {
  const path = temporaryDirectory()
  const root = await openRoot(path)
  await (await openSmall(root)).close()
  writeFileSync(join(path, 't', 'session-5.json'), '{}')
  const copy = (await root.inspect('t'))!
  expect(copy).toMatchObject({ base: baseOf(smallSession), journal: 'intact', committed: null })
  await expect(reopen(root, baseOf(smallSession))).rejects.toMatchObject({ code: 'undecided' })
})
