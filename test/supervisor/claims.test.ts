import { describe, expect, it } from 'vitest'
import type { Logger } from '../../src/index.js'
import type { Settings } from '../../src/settings.js'
import { EagerLink, EagerWhatsApp } from '../support/eager-link.js'
import type { MemoryDisk } from '../support/memory-disk.js'
import { VirtualHosts } from '../support/virtual-hosts.js'

interface HostOptions {
  disk?: MemoryDisk
  settings?: Partial<Settings>
  logger?: Logger
}

/** Hosts that share one registry, one store and one WhatsApp. */
class Pool {
  readonly hosts = new VirtualHosts()
  readonly whatsApp = new EagerWhatsApp()
  /** Claims that were sent. */
  claims = 0
  #processes = 0

  constructor() {
    this.hosts.delay = async (operation) => {
      if (operation === 'claim') this.claims++
    }
  }

  get clock() {
    return this.hosts.clock
  }

  async host(name: string, options: HostOptions = {}) {
    const link = new EagerLink(this.whatsApp, name)
    // An owner's id is made of random numbers: no two processes may have the same ones.
    const dice = (this.#processes++ + 0.5) / 16
    const host = await this.hosts.startWith(link, { dice, ...options })
    await host.supervisor.resume()
    const kill = () => {
      host.kill()
      link.die()
    }
    return { ...host, name, link, kill }
  }

  async wanted(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, at) => `tenant-${String(at).padStart(3, '0')}`)
    for (const id of ids) await this.hosts.rows.setDesired(id, 'running')
    return ids
  }

  counts(...names: string[]): number[] {
    return names.map((name) => this.whatsApp.at(name).length)
  }

  /** Hosts that start together. */
  async pair(count: number, settings: Partial<Settings> = {}) {
    const a = await this.host('a', { settings })
    const b = await this.host('b', { settings })
    await this.wanted(count)
    await this.clock.advance(10_000)
    return { a, b }
  }
}

type PoolHost = Awaited<ReturnType<Pool['host']>>

const unsavedOf = ({ supervisor }: PoolHost) =>
  [...supervisor.sessions.values()].reduce((sum, { result }) => sum + (result?.unsaved ?? 0), 0)

describe('hosts on one registry', () => {
  it('share the tenants evenly, each connected once', async () => {
    const pool = new Pool()
    await pool.pair(40)
    expect(pool.counts('a', 'b')).toEqual([20, 20])
    expect(pool.whatsApp.opened).toHaveLength(40)
    expect(pool.whatsApp).toMatchObject({ twice: 0, codes: 40 })
  })

  it('claim 200 tenants with one statement once they have been there for a while', async () => {
    const pool = new Pool()
    const host = await pool.host('a')
    await pool.clock.advance(10_000)
    pool.claims = 0
    await pool.wanted(200)
    await pool.clock.advance(2_500)
    expect(pool.claims).toBe(1)
    expect(pool.counts('a')).toEqual([200])
    expect((await pool.hosts.rows.read('tenant-199'))!.lease).toMatchObject({ owner: host.ownerId, epoch: 1 })
  })

  it('leave to others what they could not connect yet when they have just started', async () => {
    const pool = new Pool()
    await pool.wanted(60)
    await pool.host('early')
    await pool.host('late')
    await pool.clock.advance(6_000)
    expect(pool.counts('early', 'late')).toEqual([30, 30])
  })

  it('bring up what a killed host had, within 5 s after its leases ran out, without a code', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(40)
    a.kill()
    await pool.clock.advance(20_000)
    expect(pool.counts('a', 'b')).toEqual([0, 40])
    expect(pool.whatsApp).toMatchObject({ twice: 0, codes: 40 })
  })

  it('take over at once what a host gives up that shuts down', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(40)
    const { unprotected } = await pool.hosts.within(3_000, a.supervisor.shutdown())
    expect(unprotected).toEqual([])
    expect(pool.counts('b')).toEqual([40])
    expect(pool.whatsApp).toMatchObject({ twice: 0, codes: 40 })
  })

  it('warn once that they have no room, and claim the rest when a host with room comes', async () => {
    const pool = new Pool()
    const warnings: string[] = []
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_: object, text: string) => warnings.push(text),
    }
    const settings = { capacity: 3 }
    await pool.host('a', { settings, logger })
    await pool.host('b', { settings })
    await pool.wanted(10)
    await pool.clock.advance(30_000)
    expect(pool.counts('a', 'b')).toEqual([3, 3])
    expect(warnings.filter((text) => text.includes('room'))).toHaveLength(1)
    await pool.host('c')
    await pool.clock.advance(5_000)
    expect(pool.counts('a', 'b', 'c')).toEqual([3, 3, 4])
  })
})

describe('a host that joins', () => {
  it('gets its share in order: nothing unsaved, nobody twice, no code, and then nothing moves any more', async () => {
    const pool = new Pool()
    const { a, b } = await pool.pair(40)
    await pool.host('c')
    await pool.clock.advance(25_000)
    expect(pool.counts('a', 'b', 'c').toSorted()).toEqual([13, 13, 14])
    expect(unsavedOf(a) + unsavedOf(b)).toBe(0)
    const moved = pool.whatsApp.opened.length
    expect(moved).toBe(40 + pool.counts('c')[0]!)
    await pool.clock.advance(300_000)
    expect(pool.whatsApp.opened).toHaveLength(moved)
    expect(pool.whatsApp).toMatchObject({ twice: 0, codes: 40 })
  })

  it('is handed nothing before the hosts have been the same for a while', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(20)
    for (let round = 0; round < 4; round++) {
      const guest = await pool.host(`guest-${round}`)
      await pool.clock.advance(6_000)
      await pool.hosts.within(3_000, guest.supervisor.shutdown())
    }
    expect([...a.supervisor.sessions.values()].every(({ result }) => result === null)).toBe(true)
  })

  it('is handed what changes all the time too, with everything saved', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    const ids = await pool.wanted(2)
    await pool.clock.advance(5_000)
    const written = new Map(ids.map((id) => [id, 0]))
    const write = (id: string): void => {
      const count = written.get(id)! + 1
      const { files } = a.link.requests.get(id)!
      files.write(new Map([['session-1.json', `{"count":${count}}`]])).then(
        () => {
          written.set(id, count)
          pool.clock.setTimeout(() => write(id), 50)
        },
        () => {},
      )
    }
    for (const id of ids) write(id)
    const b = await pool.host('b')
    await pool.clock.advance(20_000)
    expect(pool.counts('a', 'b')).toEqual([1, 1])
    expect(unsavedOf(a)).toBe(0)
    const [moved] = pool.whatsApp.at('b') as [string]
    const { files } = b.link.requests.get(moved)!
    expect(written.get(moved)).toBeGreaterThan(50)
    expect(await files.read('session-1.json')).toBe(`{"count":${written.get(moved)}}`)
    await pool.hosts.within(10_000, a.supervisor.shutdown())
  })

  it('is not handed a tenant whose code is being shown', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    a.link.pairs = false
    for (const id of ['one', 'two', 'three', 'four']) await a.supervisor.start(id)
    await pool.host('b')
    await pool.clock.advance(60_000)
    expect([...a.supervisor.sessions.values()].map(({ status }) => status)).toEqual(Array(4).fill('PAIRING'))
  })

  it('is handed nothing while the store is away: it could restore nothing', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    await pool.wanted(10)
    await pool.clock.advance(5_000)
    await pool.host('b')
    pool.hosts.fate = (service) => (service === 'store' ? 'away' : 'well')
    await pool.clock.advance(60_000)
    expect(pool.counts('a', 'b')).toEqual([10, 0])
    pool.hosts.fate = () => 'well'
    await pool.clock.advance(10_000)
    expect(pool.counts('a', 'b')).toEqual([5, 5])
    expect(unsavedOf(a)).toBe(0)
  })
})

describe('a tenant', () => {
  it('whose session was replaced is not handed round; a host that joins has it tried once more', async () => {
    const pool = new Pool()
    await pool.pair(4)
    const tenantId = pool.whatsApp.at('a')[0]!
    const replace = () => {
      pool.whatsApp.refused.set(tenantId, 440)
      pool.whatsApp.close.get(tenantId)!(440)
    }
    replace()
    await pool.clock.advance(60_000)
    const opened = pool.whatsApp.opened.length
    expect(await pool.hosts.rows.read(tenantId)).toMatchObject({
      status: 'REPLACED',
      endedAt: expect.any(Number),
    })
    pool.whatsApp.refused.delete(tenantId)
    await pool.clock.advance(60_000)
    expect(pool.whatsApp.opened).toHaveLength(opened)

    await pool.host('c')
    await pool.clock.advance(3_000)
    expect(pool.whatsApp.connected.has(tenantId)).toBe(true)
    replace()
    await pool.clock.advance(120_000)
    expect(pool.whatsApp.connected.has(tenantId)).toBe(false)
  })

  it('that its user stops goes on at another host that has room, without a code', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(3)
    const [tenantId] = pool.whatsApp.at('a') as [string]
    await pool.host('c')
    await pool.hosts.within(3_000, a.supervisor.get(tenantId)!.stop())
    expect(pool.whatsApp.connected.get(tenantId)).toMatch(/b|c/)
    expect(pool.whatsApp.codes).toBe(3)
  })

  it('that its user stops is taken up again after a while where nobody else has room', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(2, { capacity: 1 })
    const [tenantId] = pool.whatsApp.at('a') as [string]
    await pool.hosts.within(3_000, a.supervisor.get(tenantId)!.stop())
    expect(pool.whatsApp.connected.has(tenantId)).toBe(false)
    await pool.clock.advance(5_000)
    expect(pool.whatsApp.connected.get(tenantId)).toBe('a')
  })

  it('that its user stops on the only host stays so until it is started', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    const [tenantId] = (await pool.wanted(1)) as [string]
    await pool.clock.advance(3_000)
    await pool.hosts.within(1_000, a.supervisor.get(tenantId)!.stop())
    await pool.clock.advance(60_000)
    expect(pool.counts('a')).toEqual([0])
    await a.supervisor.start(tenantId)
    await pool.clock.advance(1_000)
    expect(pool.counts('a')).toEqual([1])
  })

  it('that is stopped for all comes up nowhere', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(2)
    const [tenantId] = pool.whatsApp.at('a') as [string]
    await pool.hosts.within(3_000, a.supervisor.stop(tenantId))
    await pool.clock.advance(60_000)
    expect(pool.whatsApp.connected.has(tenantId)).toBe(false)
  })

  it('that is stopped on a host that does not run it ends where it runs, with everything saved', async () => {
    const pool = new Pool()
    const { a, b } = await pool.pair(2)
    const [tenantId] = pool.whatsApp.at('a') as [string]
    expect(await b.supervisor.stop(tenantId)).toBeNull()
    await pool.clock.advance(3_000)
    expect(a.supervisor.get(tenantId)!.result).toMatchObject({ reason: 'stopped', unsaved: 0 })
    await pool.clock.advance(30_000)
    expect(pool.whatsApp.connected.has(tenantId)).toBe(false)
    await b.supervisor.start(tenantId)
    await pool.clock.advance(30_000)
    expect(pool.whatsApp.connected.has(tenantId)).toBe(true)
  })

  it('that is started comes up where it was asked for, whatever its share', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(4)
    for (const id of ['x', 'y', 'z']) await a.supervisor.start(id)
    await pool.clock.advance(50)
    expect(pool.counts('a', 'b')).toEqual([5, 2])
    await pool.clock.advance(30_000)
    expect(pool.counts('a', 'b').toSorted()).toEqual([3, 4])
    expect(['x', 'y', 'z'].every((id) => pool.whatsApp.connected.get(id) === 'a')).toBe(true)
  })
})

describe('a registry that does not answer', () => {
  it('leaves every tenant with its owner, however long it was away', async () => {
    const pool = new Pool()
    await pool.pair(20)
    const before = [...pool.whatsApp.connected]
    pool.hosts.fate = (service) => (service === 'registry' ? 'away' : 'well')
    await pool.clock.advance(90_000)
    pool.hosts.fate = () => 'well'
    await pool.clock.advance(60_000)
    expect([...pool.whatsApp.connected]).toEqual(before)
    expect(pool.whatsApp.opened).toHaveLength(20)
  })

  it('leaves them with their owners though a host that has just started knows of nothing', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(20)
    pool.hosts.fate = (service) => (service === 'registry' ? 'away' : 'well')
    await pool.clock.advance(40_000)
    pool.hosts.fate = () => 'well'
    await pool.host('c')
    await pool.clock.advance(4_000)
    expect(pool.whatsApp.opened).toHaveLength(20)
    expect(a.supervisor.sessions.size).toBe(10)
    expect(pool.whatsApp.twice).toBe(0)
  })

  it('whose answer to a claim is lost has given leases that are found again', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    pool.hosts.fate = (_, operation) => (operation === 'claim' ? 'lost' : 'well')
    await pool.wanted(5)
    await pool.clock.advance(1_500)
    expect((await pool.hosts.rows.read('tenant-000'))!.lease).toMatchObject({ owner: a.ownerId, epoch: 1 })
    expect(pool.counts('a')).toEqual([0])
    pool.hosts.fate = () => 'well'
    await pool.clock.advance(3_000)
    expect(pool.counts('a')).toEqual([5])
    expect((await pool.hosts.rows.read('tenant-000'))!.lease).toMatchObject({ epoch: 2 })
  })
})

describe('a lease of this host that no session stands for', () => {
  it('is given back when the tenant may not come up here', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    const [tenantId] = (await pool.wanted(1)) as [string]
    await pool.clock.advance(3_000)
    let lists = 0
    pool.hosts.fate = (_, operation) => {
      if (operation === 'list') lists++
      return operation === 'release' ? 'away' : 'well'
    }
    await pool.hosts.within(3_000, a.supervisor.get(tenantId)!.stop())
    pool.hosts.fate = (_, operation) => {
      if (operation === 'list') lists++
      return 'well'
    }
    lists = 0
    await pool.clock.advance(60_000)
    expect((await pool.hosts.rows.read(tenantId))!.lease).toMatchObject({ expiresAt: 0 })
    expect(lists).toBeLessThanOrEqual(2)
    expect(pool.counts('a')).toEqual([0])
  })
})

describe('a process', () => {
  it('takes what it had before a crash again at once, more than its share too, and evens it out in order', async () => {
    const pool = new Pool()
    const disk = pool.hosts.newDisk()
    const first = await pool.host('a', { disk })
    const ids = await pool.wanted(12)
    await pool.clock.advance(5_000)
    const last = first.link.requests.get(ids[0]!)!.files.write(new Map([['session-1.json', '"unsaved"']]))
    await last
    first.kill()
    await pool.host('b')
    const again = await pool.host('a', { disk })
    await pool.clock.advance(500)
    expect(pool.counts('a', 'b')).toEqual([12, 0])
    expect(await again.link.requests.get(ids[0]!)!.files.read('session-1.json')).toBe('"unsaved"')
    await pool.clock.advance(25_000)
    expect(pool.counts('a', 'b')).toEqual([6, 6])
    expect(unsavedOf(again)).toBe(0)
    expect(pool.whatsApp).toMatchObject({ twice: 0, codes: 12 })
  })

  it('gives back what it was given while it shut down, and leaves no timer', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    pool.hosts.delay = (operation) => (operation === 'claim' ? held : Promise.resolve())
    await pool.wanted(3)
    await pool.clock.advance(1_500)
    expect((await pool.hosts.rows.read('tenant-000'))!.lease).toMatchObject({ owner: a.ownerId })
    const down = a.supervisor.shutdown()
    await pool.clock.advance(100)
    answer()
    await pool.hosts.within(1_000, down)
    expect((await pool.hosts.rows.read('tenant-000'))!.lease).toMatchObject({ expiresAt: 0 })
    expect(a.supervisor.sessions.size).toBe(0)
    expect(pool.clock.pending).toBe(0)
  })

  it('leaves its share to the others before its sessions have ended', async () => {
    const pool = new Pool()
    const { a } = await pool.pair(4)
    void a.supervisor.shutdown()
    await Promise.resolve()
    const { hosts } = await pool.hosts.rows.checkIn({ owner: 'c', capacity: 1, ttlMs: 1, joinedAt: 1 })
    expect(hosts.map(({ owner }) => owner)).not.toContain(a.ownerId)
    await pool.clock.advance(10_000)
  })

  it('has one session of a tenant that is started while it is claimed', async () => {
    const pool = new Pool()
    const a = await pool.host('a')
    let answer = () => {}
    const held = new Promise<void>((resolve) => {
      answer = resolve
    })
    pool.hosts.delay = (operation) => (operation === 'claim' ? held : Promise.resolve())
    const [tenantId] = (await pool.wanted(1)) as [string]
    await pool.clock.advance(1_500)
    const session = await a.supervisor.start(tenantId)
    await pool.clock.advance(100)
    answer()
    await pool.clock.advance(60_000)
    expect(a.supervisor.get(tenantId)).toBe(session)
    expect(session.result).toBeNull()
    expect(pool.whatsApp.opened).toHaveLength(1)
  })
})
