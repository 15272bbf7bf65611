import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { LightWhatsApp } from '../hosts/light-whatsapp.mjs'
import { HostUnderTest, isAlive, until } from './host.mjs'
import { Watch } from './watch.mjs'

const limitMs = 60_000

/** Nothing is uploaded unless it must be: what a kill leaves is on the disk alone. */
export const keepsToItself = { quietPeriodMs: 600_000, maxDirtyAgeMs: 600_000 }

/** One host on a disk, a store and a schema of its own; started, killed and started again by a scenario. */
export class Rig {
  watch = new Watch()
  violations = []
  figures = {}
  #options
  #base
  #whatsapp = new LightWhatsApp(this.watch)
  #registry
  #config
  #env
  #hosts = []

  constructor(options) {
    this.#options = options
  }

  async open(tenants) {
    const { dist, databaseUrl, settings } = this.#options
    this.#base = await mkdtemp(join(tmpdir(), 'workers-'))
    const faults = join(this.#base, 'faults')
    await mkdir(faults)
    const url = new URL(databaseUrl)
    url.searchParams.set('schema', `workers_${randomUUID().replaceAll('-', '')}`)
    const { prismaRegistry } = await import(pathToFileURL(`${dist}/src/registry/prisma.js`))
    this.#registry = prismaRegistry({ url: url.toString() })
    await this.#registry.open()
    const { lightPort } = await this.#whatsapp.open()
    this.#env = { WORKERS_TEST: JSON.stringify({ faults, lightPort, writeEveryMs: 400 }) }
    this.#config = {
      ...{ dist, settings },
      sessionPath: join(this.#base, 'sessions'),
      store: { kind: 'directory', path: join(this.#base, 'objects') },
      registry: { kind: 'postgresql', url: url.toString() },
      module: new URL('./bot.mjs', import.meta.url).href,
    }
    this.tenants = Array.from({ length: tenants }, (_, at) => `tenant-${String(at).padStart(3, '0')}`)
    for (const tenantId of this.tenants) await this.#registry.setDesired(tenantId, 'running')
  }

  /** @param workers 0: a single process, as without workers */
  start(workers, settings = {}, more = {}) {
    const config = {
      ...this.#config,
      workers,
      settings: { ...this.#config.settings, ...settings },
      ...more,
    }
    const host = new HostUnderTest(config, { env: this.#env, say: this.#options.say })
    this.#hosts.push(host)
    return host
  }

  async pids(host) {
    return (await host.ask('workers')).map(({ pid }) => pid)
  }

  expect(holds, what) {
    if (!holds) this.violations.push(what)
    if (!holds) this.#options.say(`VIOLATION ${what}`)
  }

  /** Nobody was connected twice, and nobody lacks anything. */
  expectWhole(when) {
    this.expect(this.watch.replaced === 0, `${when}: ${this.watch.replaced} connections were replaced`)
    this.expect(this.watch.lostWrites === 0, `${when}: ${this.watch.lostWrites} changes are missing`)
  }

  async untilConnected(when, withinMs = limitMs) {
    const ms = await until(() => this.watch.connected === this.tenants.length, withinMs)
    this.expect(ms !== null, `${when}: ${this.watch.connected} of ${this.tenants.length} are connected`)
    return ms
  }

  async untilEven(when, workers) {
    const isEven = () => {
      const { counts, connected } = this.watch
      const spread = Math.max(...counts) - Math.min(...counts)
      return connected === this.tenants.length && counts.length === workers && spread <= 1
    }
    const ms = await until(isEven, limitMs)
    this.expect(ms !== null, `${when}: not even: ${this.watch.counts.join(', ')}`)
    return ms
  }

  async untilDisconnected() {
    await until(() => this.watch.connected === 0, limitMs)
  }

  /** SIGKILL for the parent and all its workers at once, as when a container is taken away. */
  async killAll(host) {
    const pids = await this.pids(host).catch(() => [])
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await host.end('SIGKILL')
    await until(() => pids.every((pid) => !isAlive(pid)), limitMs)
    await this.untilDisconnected()
  }

  /** For a scenario with tenants of its own. */
  async stopTenants() {
    for (const tenantId of this.tenants) await this.#registry.setDesired(tenantId, 'stopped')
  }

  get base() {
    return this.#base
  }

  get config() {
    return this.#config
  }

  async rows() {
    return await this.#registry.list()
  }

  async fault(name, isThere) {
    const file = join(this.#base, 'faults', name)
    if (isThere) await writeFile(file, '')
    else await rm(file, { force: true })
  }

  /** A file where the store's directory was. */
  async breakStore() {
    await rename(join(this.#base, 'objects'), join(this.#base, 'objects.away'))
    await writeFile(join(this.#base, 'objects'), '')
  }

  async close() {
    for (const host of this.#hosts) await host.end('SIGKILL')
    await until(() => this.watch.connected === 0, 20_000)
    this.#whatsapp.close()
    await this.#registry.close()
    await rm(this.#base, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
