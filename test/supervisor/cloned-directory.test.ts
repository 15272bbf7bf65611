import { describe, expect, it } from 'vitest'
import type { HostFact, Logger } from '../../src/index.js'
import { EagerLink, EagerWhatsApp } from '../support/eager-link.js'
import type { MemoryDisk } from '../support/memory-disk.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

/** The step of time that a start is given at least. */
const atOnce = 50

interface Start {
  readonly disk?: MemoryDisk
  readonly isElsewhere?: boolean
  /** Only what is started by name runs here. */
  readonly resumes?: boolean
}

/** Hosts whose disks are copied while they run. */
class Machines {
  readonly hosts = new VirtualHosts()
  readonly whatsApp = new EagerWhatsApp()
  readonly warnings: string[] = []
  #seed = 1

  get clock() {
    return this.hosts.clock
  }

  /** Time goes on until the process is up. */
  async start(name: string, { disk, isElsewhere = false, resumes = true }: Start = {}) {
    const link = new EagerLink(this.whatsApp, name)
    const random = () => {
      this.#seed = (this.#seed * 48_271) % 2_147_483_647
      return this.#seed / 2_147_483_647
    }
    const logger: Logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_, text) => this.warnings.push(text),
    }
    const began = this.clock.now()
    let up = false
    const starting = this.hosts
      .startWith(link, { dice: random, logger, isElsewhere, ...(disk && { disk }) })
      .finally(() => (up = true))
    for (let ms = 0; !up && ms < 20_000; ms += atOnce) await this.clock.advance(atOnce)
    const host = await starting
    const tookMs = this.clock.now() - began
    const told: HostFact[] = []
    host.supervisor.on('host', (fact) => told.push(fact))
    if (resumes) void host.supervisor.resume()
    const kill = () => {
      host.kill()
      link.die()
    }
    const write = (tenantId: string, n: number) =>
      link.requests.get(tenantId)!.files.write(new Map([['session-1.json', `{"n":${n}}`]]))
    const read = (tenantId: string) => link.requests.get(tenantId)!.files.read('session-1.json')
    return { ...host, name, link, told, tookMs, kill, write, read }
  }

  async wanted(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, at) => `tenant-${at}`)
    for (const id of ids) await this.hosts.rows.setDesired(id, 'running')
    return ids
  }

  counts(...names: string[]): number[] {
    return names.map((name) => this.whatsApp.at(name).length)
  }

  async owners(): Promise<Set<string>> {
    return new Set((await this.hosts.rows.list()).map(({ lease }) => lease!.owner))
  }
}

/** A host with six connected tenants, and a copy of its disk made while it runs. */
async function copied() {
  const machines = new Machines()
  const original = await machines.start('original')
  const ids = await machines.wanted(6)
  await machines.clock.advance(5_000)
  for (const id of ids) await original.write(id, 1)
  await machines.clock.advance(3_000)
  expect(machines.counts('original')).toEqual([6])
  return { machines, original, ids, copy: original.disk.copy() }
}

describe('a session directory that is copied while its host runs', () => {
  it('gets an id of its own: nobody loses a session, the clone says so and goes on as one more host', async () => {
    const { machines, original, copy } = await copied()
    const before = machines.whatsApp.opened.length
    const clone = await machines.start('clone', { disk: copy, isElsewhere: true })
    expect(clone.tookMs).toBeLessThan(2_000)
    expect(clone.root.owner.directory).not.toBe(original.root.owner.directory)
    await machines.clock.advance(5_000)
    expect(machines.counts('original', 'clone')).toEqual([6, 0])
    expect(machines.whatsApp.opened.length).toBe(before)
    expect(machines.warnings.filter((text) => text.includes('a copy of one'))).toHaveLength(1)
    expect(clone.told).toEqual([
      { type: 'directory.cloned', hostId: clone.supervisor.hostId, message: expect.stringContaining('copy') },
    ])
    expect(original.told).toEqual([])
    await machines.clock.advance(30_000)
    expect(machines.counts('original', 'clone')).toEqual([3, 3])
    expect(machines.whatsApp.twice).toBe(0)
  })

  it('is no clone any more at its next start', async () => {
    const { machines, copy } = await copied()
    const clone = await machines.start('clone', { disk: copy, isElsewhere: true })
    const { directory } = clone.root.owner
    await machines.clock.advance(2_000)
    clone.kill()
    const again = await machines.start('clone', { disk: copy })
    expect(again).toMatchObject({ tookMs: atOnce, told: [] })
    expect(again.root.owner.directory).toBe(directory)
  })

  it('keeps the sessions of an original that never checks in, which is heard when it renews its leases', async () => {
    const machines = new Machines()
    const original = await machines.start('original', { resumes: false })
    await original.supervisor.start('tenant-0')
    await machines.clock.advance(6_500)
    const clone = await machines.start('clone', { disk: original.disk.copy(), isElsewhere: true })
    expect(clone.root.owner.directory).not.toBe(original.root.owner.directory)
    await machines.clock.advance(20_000)
    expect(machines.counts('original', 'clone')).toEqual([1, 0])
    expect(machines.whatsApp.twice).toBe(0)
  })

  it('comes apart from the original when both are started at the same moment after a crash', async () => {
    const { machines, original, copy } = await copied()
    original.kill()
    const [a, b] = await Promise.all([
      machines.start('original', { disk: original.disk, isElsewhere: true }),
      machines.start('clone', { disk: copy, isElsewhere: true }),
    ])
    expect(a!.ownerId).not.toBe(b!.ownerId)
    await machines.clock.advance(40_000)
    expect(machines.counts('original', 'clone')).toEqual([3, 3])
    expect(machines.whatsApp.twice).toBe(0)
    expect(await machines.owners()).toEqual(new Set([a!.ownerId, b!.ownerId]))
  })

  it('never wins with what the copy holds: what the original committed since is restored', async () => {
    const { machines, original, ids, copy } = await copied()
    for (const id of ids) await original.write(id, 2)
    await machines.clock.advance(3_000)
    original.kill()
    const clone = await machines.start('clone', { disk: copy, isElsewhere: true })
    await machines.clock.advance(10_000)
    expect(machines.counts('clone')).toEqual([6])
    for (const id of ids) expect(await clone.read(id)).toBe('{"n":2}')
    expect(clone.facts.filter(({ type }) => type === 'session.restored')).toHaveLength(6)
    expect(machines.whatsApp.codes).toBe(6)
  })

  it('loses to the head also when the original ended in order', async () => {
    const { machines, original, ids, copy } = await copied()
    for (const id of ids) await original.write(id, 3)
    await machines.hosts.within(3_000, original.supervisor.shutdown())
    original.kill()
    const clone = await machines.start('clone', { disk: copy, isElsewhere: true })
    expect(clone.tookMs).toBe(atOnce)
    await machines.clock.advance(10_000)
    for (const id of ids) expect(await clone.read(id)).toBe('{"n":3}')
  })
})

describe('a process that starts on the disk of another', () => {
  it('has its sessions back at once when that is known to have ended', async () => {
    const { machines, original, ids } = await copied()
    for (const id of ids) await original.write(id, 4)
    original.kill()
    const next = await machines.start('next', { disk: original.disk })
    expect(next.tookMs).toBe(atOnce)
    await machines.clock.advance(1_000)
    expect(machines.counts('next')).toEqual([6])
    for (const id of ids) expect(await next.read(id)).toBe('{"n":4}')
    expect(await machines.owners()).toEqual(new Set([next.ownerId]))
    expect(next).toMatchObject({ told: [], root: { owner: { directory: original.root.owner.directory } } })
  })

  it('has them back after three missed heartbeats when nobody can tell, long before the leases end', async () => {
    const { machines, original, ids } = await copied()
    original.kill()
    const next = await machines.start('next', { disk: original.disk, isElsewhere: true })
    expect(next.tookMs).toBeGreaterThan(2_000)
    expect(next.tookMs).toBeLessThan(3_500)
    await machines.clock.advance(1_000)
    expect(machines.counts('next')).toEqual([6])
    expect(next.told).toEqual([])
    expect((await machines.hosts.rows.read(ids[0]!))!.lease!.epoch).toBe(3)
  })

  it('inherits what the one before it had inherited when it was killed in between', async () => {
    const { machines, original } = await copied()
    original.kill()
    const between = await machines.start('between', { disk: original.disk, resumes: false })
    between.kill()
    const next = await machines.start('next', { disk: original.disk })
    expect(next.tookMs).toBe(atOnce)
    await machines.clock.advance(1_000)
    expect(machines.counts('next')).toEqual([6])
  })

  it('takes over from a version that had the id of the directory alone', async () => {
    const machines = new Machines()
    const [id] = (await machines.wanted(1)) as [string]
    const directory = 'd'.repeat(32)
    await machines.hosts.rows.acquire({ tenantId: id, owner: directory, ttlMs: 15_000 })
    await machines.hosts.rows.checkIn({ owner: directory, capacity: 10, ttlMs: 10_000, joinedAt: null })
    const disk = machines.hosts.newDisk()
    disk.handle().makeDirectory('/sessions/.supervisor')
    disk
      .handle()
      .create('/sessions/.supervisor/owner.json', Buffer.from(JSON.stringify({ ownerId: directory })))
    const next = await machines.start('next', { disk })
    expect(next.tookMs).toBeLessThan(3_500)
    await machines.clock.advance(1_000)
    expect(machines.counts('next')).toEqual([1])
    expect((await machines.hosts.rows.kin(directory)).map(({ owner }) => owner)).toEqual([next.ownerId])
  })
})

describe('a process whose sessions were inherited while it stood still', () => {
  it('gives them up when it wakes, commits nothing, and takes none back', async () => {
    const { machines, original, ids, copy } = await copied()
    const wake = original.standStill()
    const next = await machines.start('next', { disk: copy, isElsewhere: true })
    await machines.clock.advance(2_000)
    expect(machines.counts('next')).toEqual([6])
    for (const id of ids) await next.write(id, 5)
    await machines.clock.advance(3_000)
    const { twice } = machines.whatsApp
    wake()
    await machines.clock.advance(8_000)
    expect(original.facts.filter(({ type }) => type === 'lease.lost')).toHaveLength(6)
    expect([...original.supervisor.sessions.values()].filter(({ result }) => result === null)).toEqual([])
    for (const id of ids) {
      expect((await machines.hosts.rows.read(id))!.lease!.owner).toBe(next.ownerId)
      expect(await next.read(id)).toBe('{"n":5}')
    }
    await machines.clock.advance(40_000)
    expect(machines.whatsApp.twice).toBe(twice)
  })
})
