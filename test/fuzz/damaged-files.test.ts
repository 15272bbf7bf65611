import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import type { KeyFileBatch } from '../../src/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { restoreGeneration } from '../../src/replication/restore.js'
import { memoryStore } from '../../src/stores/memory.js'
import { MemoryDisk } from '../support/memory-disk.js'
import { VirtualClock } from '../support/virtual-clock.js'
import { damages } from './support/damages.js'
import { tried } from './support/inputs.js'
import { type Machine, SmallHost, sessions, tenant } from './support/small-host.js'

type Files = ReadonlyMap<string, string>

const creds = (n: number) =>
  JSON.stringify({ me: { id: '628120000001:1@s.whatsapp.net' }, account: {}, nextPreKeyId: n })

const committed: Files = new Map([
  ['creds.json', creds(3)],
  ['pre-key-1.json', '{"public":"a","private":"b"}'],
  ['pre-key-2.json', '{"n":1.5e3}'],
  ['session-1.json', '{"step":1}'],
  ['lid-mapping-1.json', '"22"'],
  ['device-list-1.json', '["1"]'],
])

/** Written by a batch of its own, the last before the commit: the journal still has its bytes. */
const inLastBatch = 'device-list-1.json'

/** Batches that were acknowledged after the last commit; the last one, when damaged, is the hard case. */
const batches: KeyFileBatch[] = [
  new Map([['session-1.json', '{"step":2}']]),
  new Map([
    ['session-1.json', '{"step":3}'],
    ['session-2.json', '{"step":1}'],
    ['pre-key-3.json', '{"n":3}'],
  ]),
  new Map<string, string | null>([
    ['session-1.json', '{"step":2}'],
    ['session-2.json', '{"step":9}'],
    ['pre-key-1.json', null],
    ['pre-key-3.json', null],
  ]),
]

function applied(files: Files, changes: readonly KeyFileBatch[]): Map<string, string> {
  const result = new Map(files)
  for (const batch of changes)
    for (const [name, content] of batch) content === null ? result.delete(name) : result.set(name, content)
  return result
}

/** What a host left that was killed: a committed head, and `changes` on its disk that no backup has. */
async function killedHost(changes: readonly KeyFileBatch[]) {
  const clock = new VirtualClock()
  const disk = new MemoryDisk(() => clock.now())
  const objects = new Map()
  const machine: Machine = {
    clock,
    disk,
    store: memoryStore({ objects, clock }),
    registry: memoryRegistry({ clock }),
  }
  await machine.registry.open()
  const host = await SmallHost.start(machine)
  const session = await host.bringUp()
  const connection = await host.link.connection(tenant)
  connection.code('qr', 'x')
  const { [inLastBatch]: last, ...rest } = Object.fromEntries(committed)
  await connection.write(new Map(Object.entries(rest)))
  await connection.write(new Map([[inLastBatch, last!]]))
  await host.backUp(session)
  for (const batch of changes) await connection.write(batch)
  expect(host.folder()).toEqual(applied(committed, changes))
  const record = (await machine.registry.read(tenant))!
  const left = { objects: new Map(objects), files: disk.files(), head: record.head!, now: clock.now() }
  // What this end writes is on another disk than the one that was left.
  await host.shutdown()
  return left
}
type Killed = Awaited<ReturnType<typeof killedHost>>

/** The next host on that disk, with one file of it damaged. */
async function nextHost(killed: Killed, damaged: string, bytes: Uint8Array) {
  const clock = new VirtualClock(killed.now)
  const disk = new MemoryDisk(() => clock.now())
  const handle = disk.handle()
  for (const [path, content] of killed.files) {
    handle.makeDirectory(path.slice(0, path.lastIndexOf('/')))
    handle.create(path, path === damaged ? bytes : content)
  }
  const registry = memoryRegistry({ clock })
  await registry.open()
  const owner = 'before'
  const { lease } = await registry.acquire({
    tenantId: tenant,
    owner,
    ttlMs: 1,
    minEpoch: killed.head.epoch - 1,
  })
  await registry.commit([{ tenantId: tenant, owner, epoch: lease.epoch, expectedSeq: 0, head: killed.head }])
  await registry.release(owner, [{ tenantId: tenant, epoch: lease.epoch }])
  const store = memoryStore({ objects: new Map(killed.objects), clock })
  return SmallHost.start({ clock, disk, store, registry })
}

const pathOf = (name: string) => `${sessions}/${tenant}/${name}`

interface Outcome {
  /** Key files when WhatsApp is asked for a connection, with a session. */
  readonly files: Files
  readonly unsaved: number
  readonly facts: readonly string[]
  /** All bytes in the quarantine. */
  readonly aside: readonly string[]
  /** The file set that the head holds after an orderly end, and how many generations were committed for it. */
  readonly head: Files
  readonly newGenerations: number
}

/** What the next host makes of the disk. Pairing, or a code of no closed set, fails the test. */
async function outcomeOf(killed: Killed, name: string, body: Uint8Array): Promise<Outcome> {
  tried()
  const host = await nextHost(killed, name, body)
  const session = await host.bringUp()
  expect(session.lastError).toBeNull()
  expect(host.link.connections.map(({ request }) => request.hasSession)).toEqual([true])
  const { store, registry, disk } = host.machine
  const files = host.folder()
  const unsaved = session.unprotected.changes
  await host.shutdown()
  const { head } = (await registry.read(tenant))!
  return {
    files,
    unsaved,
    facts: host.facts.map(({ type }) => type),
    aside: [...disk.files(`${sessions}/.supervisor/quarantine`).values()].map((bytes) =>
      String(Buffer.from(bytes)),
    ),
    head: (await restoreGeneration(store, tenant, head!)).files,
    newGenerations: head!.seq - killed.head.seq,
  }
}

/** The committed set, and the local copy moved aside, loudly. */
function isRestored({ files, facts, aside }: Outcome, local: Files, damaged: string): boolean {
  if (!isDeepStrictEqual(files, committed) || !facts.includes('session.restored')) return false
  const kept = [...local].every(([name, content]) => pathOf(name) === damaged || aside.includes(content))
  return facts.includes('session.quarantined') && kept
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}

function values(files: Files): Map<string, unknown> {
  return new Map([...files].map(([name, content]) => [name, parsed(Buffer.from(content))]))
}

describe('a damaged journal of a host that was killed with three batches unsaved', () => {
  const truth = applied(committed, batches)
  let killed: Killed
  let journal: Uint8Array
  let ends: number[]
  beforeAll(async () => {
    killed = await killedHost(batches)
    journal = killed.files.get(pathOf('.journal'))!
    ends = [...journal.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1)
  })

  it('gives the committed set, or every file at its newest: never one batch mixed with another', async () => {
    for (const { what, body, cutTo } of damages(journal, 17, 5)) {
      // A cut between two records is a power cut that took the last batches: see the next test.
      if (cutTo !== undefined && ends.includes(cutTo)) continue
      const outcome = await outcomeOf(killed, pathOf('.journal'), body)
      expect(outcome.head, what).toEqual(outcome.files)
      if (isRestored(outcome, truth, '')) continue
      for (const [name, content] of truth) expect(outcome.files.get(name), `${what}: ${name}`).toBe(content)
      // What only the lost record knew to be deleted comes back: keys are never deleted on a guess.
      const back = [...outcome.files.keys()].filter((name) => !truth.has(name))
      expect(['pre-key-1.json', 'pre-key-3.json'], what).toEqual(expect.arrayContaining(back))
    }
  })

  it('that ends early, as after a power cut, gives each file as of the last or an earlier batch', async () => {
    const states = batches.map((_, n) => applied(committed, batches.slice(0, n + 1)))
    for (const end of ends.slice(0, -1)) {
      const cut = journal.subarray(0, end)
      const outcome = await outcomeOf(killed, pathOf('.journal'), cut)
      const { files, head } = outcome
      expect(head).toEqual(files)
      // One that knows nothing of the head is that of a copy of the disk from before it.
      if (!Buffer.from(cut).includes(killed.head.digest)) {
        expect(isRestored(outcome, truth, '')).toBe(true)
        continue
      }
      for (const [name, content] of files) {
        expect([committed, ...states].map((state) => state.get(name))).toContain(content)
      }
      expect([...files.keys()]).toEqual(expect.arrayContaining([...truth.keys()]))
    }
  })
})

describe.each([
  ['everything committed', [] as KeyFileBatch[]],
  ['three batches unsaved', batches],
])('a damaged key file of a host that was killed with %s', (_, changes) => {
  it.each([
    'creds.json',
    'pre-key-2.json',
    'session-1.json',
    'lid-mapping-1.json',
    inLastBatch,
  ])('(%s) is put right, or taken for a change by another program; never for what it was, never backed up torn', async (name) => {
    const truth = applied(committed, changes)
    const killed = await killedHost(changes)
    const bytes = killed.files.get(pathOf(name))!
    for (const { what, body } of damages(bytes, 2)) {
      const outcome = await outcomeOf(killed, pathOf(name), body)
      expect(values(outcome.head), what).toEqual(values(outcome.files))
      if (isRestored(outcome, truth, pathOf(name))) continue
      const value = parsed(body)
      const isSame = isDeepStrictEqual(value, parsed(bytes))
      const here = outcome.files.get(name)!
      if (isDeepStrictEqual(parsed(Buffer.from(here)), parsed(bytes))) {
        // Healed: or another way to write the same value (1e3 and 1E3), which is the same file.
        expect(outcome.files, what).toEqual(new Map([...truth, [name, here]]))
        const fromBackup = changes.length === 0 && name !== inLastBatch
        if (!isSame) expect(outcome.facts, what).toContain(fromBackup ? 'files.healed' : 'session.kept')
        expect(outcome.newGenerations, what).toBe(changes.length === 0 ? 0 : 1)
      } else {
        expect(value, `${what}: not JSON, and used`).not.toBe(undefined)
        expect(outcome.files, what).toEqual(new Map([...truth, [name, here]]))
        expect(outcome.unsaved, `${what}: silently taken for the committed one`).toBeGreaterThan(0)
        expect(outcome.newGenerations).toBe(1)
      }
    }
  })
})
