import { basename, dirname } from 'node:path'
import { assembleSupervisor } from '../../src/assemble-supervisor.js'
import { isSessionError } from '../../src/errors.js'
import { silentLogger } from '../../src/ports/logger.js'
import { openSessionRoot } from '../../src/session/index.js'
import { checkSettings } from '../../src/settings.js'
import type { Supervisor } from '../../src/supervisor.js'
import type { ShutdownResult } from '../../src/supervisor-api.js'
import { type DiskCall, MemoryDisk } from '../support/memory-disk.js'
import { simulatedLink } from './device.js'
import type { Version } from './history.js'
import { Life } from './life.js'
import type { Damage } from './plan.js'
import { remoteRegistry } from './remote-registry.js'
import { remoteStore } from './remote-store.js'
import type { World } from './world.js'

const path = '/sessions'
const unlocked = async () => ({ release: async () => {} })

/** A machine: its disk outlives its processes, unless it is wiped. */
export class Host {
  readonly index: number
  readonly disk: MemoryDisk
  skewMs = 0
  life: Life | null = null
  supervisor: Supervisor | null = null
  /** The state that was last acknowledged as written on this disk, by tenant. */
  readonly written = new Map<string, Version>()
  /** The state that the running process works on, by tenant. */
  readonly current = new Map<string, Version>()
  /** Tenants whose files on this disk were damaged while no process ran, with the state that they had been in. */
  readonly damaged = new Map<string, Version | null>()
  /** How often the running process said what of a tenant. */
  readonly #said = new Map<string, number>()
  readonly #world: World
  #lives = 0
  #retired = false
  #ownerId = ''
  #copy: MemoryDisk | null = null

  constructor(world: World, index: number) {
    this.#world = world
    this.index = index
    this.disk = new MemoryDisk(() => world.clock.now())
  }

  get isUp(): boolean {
    return this.life !== null && !this.life.dead
  }

  get ownerId(): string {
    return this.#ownerId
  }

  /** How often the running process said it. */
  hasSaid(tenantId: string, name: string): number {
    return this.#said.get(`${tenantId} ${name}`) ?? 0
  }

  /** Starts a process, as an orchestrator would: when the start fails, another one a second later. */
  async start(): Promise<void> {
    if (this.isUp || this.#retired) return
    const world = this.#world
    const life = new Life(world, this, ++this.#lives)
    this.life = life
    this.supervisor = null
    this.#said.clear()
    this.current.clear()
    world.trace('starts', life.name)
    const random = world.chance(life.name).next
    const { clock, disk } = life
    try {
      const root = await openSessionRoot({ path, clock, random, disk, lock: unlocked })
      if (life.dead) return
      this.#ownerId = root.ownerId
      const supervisor = assembleSupervisor({
        settings: settingsOf(world),
        logger: silentLogger,
        clock,
        random,
        store: remoteStore(world, world.network, life),
        registry: remoteRegistry(world, world.network, life),
        root,
        link: simulatedLink(world, this, life),
      })
      this.supervisor = supervisor
      this.#listen(supervisor, life)
      supervisor.resume().catch((error: unknown) => this.#refused(life, error))
    } catch (error) {
      if (life.dead) return
      this.#refused(life, error)
      this.crash('none', 1_000)
    }
  }

  /** SIGKILL. What is on the disk stays, as far as `damage` says; another process starts after `downMs`. */
  crash(damage: Damage, downMs: number): void {
    const { life } = this
    if (life === null || life.dead) return
    this.#world.strike(damage === 'none' ? 'kill' : `kill.${damage}`)
    this.#world.trace(`killed, ${damage}`, life.name)
    life.kill()
    this.#world.whatsApp.hostDied(life)
    this.#spoilDisk(damage)
    this.#world.clock.setTimeout(() => void this.start(), downMs)
  }

  /** SIGTERM: an orderly end, and what it promised. */
  async shutDown(): Promise<ShutdownResult | null> {
    const { life, supervisor } = this
    if (life === null || life.dead || supervisor === null) return null
    this.#world.trace('shuts down', life.name)
    const since = this.#world.nowMs
    const result = await supervisor.shutdown()
    if (life.dead) return null
    this.#world.trace(`has shut down, ${result.unprotected.length} unprotected`, life.name)
    this.#world.audit.shutDown(this, this.#world.nowMs - since)
    life.kill()
    this.#world.whatsApp.hostDied(life)
    return result
  }

  /** It is not started again. */
  retire(): void {
    this.#retired = true
  }

  wipe(): void {
    this.disk.wipe()
    this.written.clear()
    this.damaged.clear()
  }

  copyDisk(): void {
    this.#copy = this.disk.copy()
    this.#world.strike('diskCopied')
  }

  /** Looks at every change of the disk: a session is moved away, never deleted. */
  guard({ call, path: at }: DiskCall): void {
    if (call !== 'removeTree' || dirname(at) !== path || basename(at).startsWith('.')) return
    if (!this.#world.history(basename(at)).leaving) {
      this.#world.violate('a session folder was deleted', basename(at))
    }
  }

  #listen(supervisor: Supervisor, life: Life): void {
    supervisor.on('fact', (fact) => {
      if (this.#world.isTraced) this.#world.trace(JSON.stringify(fact), life.name)
      const name = fact.type === 'session.restored' && fact.fellBack ? 'fellBack' : fact.type
      this.#said.set(`${fact.tenantId} ${name}`, this.hasSaid(fact.tenantId, name) + 1)
      if (fact.type === 'session.quarantined') this.written.delete(fact.tenantId)
    })
    supervisor.on('closed', (result) => {
      this.#world.trace(`closed: ${JSON.stringify(result)}`, life.name)
      this.#world.audit.closed(this, result)
    })
  }

  #refused(life: Life, error: unknown): void {
    this.#world.trace(`start: ${String(error)}`, life.name)
    if (!isSessionError(error)) this.#world.violate(`a start failed without a code: ${String(error)}`)
  }

  #spoilDisk(damage: Damage): void {
    const chance = this.#world.chance('damage')
    if (damage === 'none') return
    if (damage === 'wiped' || (damage === 'older' && this.#copy !== null)) {
      this.wipe()
      if (damage === 'older') this.disk.putBack(this.#copy!)
      return
    }
    if (damage === 'older') return
    const wanted = {
      journalCut: '.journal',
      journalFlipped: '.journal',
      credsEmpty: 'creds.json',
      fileCut: '.json',
    }[damage]
    const files = [...this.disk.files(path)].filter(
      ([name]) => name.endsWith(wanted) && !name.includes('/.supervisor/'),
    )
    if (files.length === 0) return
    const [name, bytes] = chance.pick(files)
    // Whatever was on this disk only may be gone now.
    const tenantId = basename(dirname(name))
    this.damaged.set(tenantId, this.damaged.get(tenantId) ?? this.written.get(tenantId) ?? null)
    this.written.delete(tenantId)
    this.#world.history(tenantId).injuries++
    const disk = this.disk.handle()
    if (damage === 'credsEmpty') disk.create(name, new Uint8Array())
    else if (damage === 'journalFlipped')
      disk.create(name, flipped(bytes, chance.whole(0, bytes.length * 8 - 1)))
    else disk.create(name, bytes.slice(0, chance.whole(0, bytes.length - 1)))
  }
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

function settingsOf(world: World) {
  const { maxObjectBytes } = world.plan
  return checkSettings({
    maxObjectBytes,
    collectIntervalMs: 15_000,
    backoffMaxMs: 8_000,
    leasePollMs: 5_000,
    statusPeriodMs: 2_000,
    rebalanceAfterMs: 4_000,
  })
}
