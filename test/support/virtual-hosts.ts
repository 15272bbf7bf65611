import type { WASocket } from '@whiskeysockets/baileys'
import type { SessionFact } from '../../src/actors/host.js'
import { assembleSupervisor } from '../../src/assemble-supervisor.js'
import { SessionError } from '../../src/errors.js'
import {
  type DeviceLink,
  memoryRegistry,
  memoryStore,
  type ObjectStore,
  type Registry,
  silentLogger,
} from '../../src/index.js'
import type { Random } from '../../src/ports/clock.js'
import { openSessionRoot } from '../../src/session/index.js'
import { checkSettings, type Settings } from '../../src/settings.js'
import { FakeLink } from './fake-link.js'
import { MemoryDisk } from './memory-disk.js'
import { VirtualClock } from './virtual-clock.js'

/** Decides what becomes of a request: `lost` is performed and not answered in time, `away` is not performed. */
export type Fate = (service: 'store' | 'registry', operation: string) => 'well' | 'lost' | 'away'

/** One store and one registry on a virtual clock, for hosts whose disks are in memory. */
export class VirtualHosts {
  readonly clock = new VirtualClock()
  readonly store: ObjectStore
  readonly registry: Registry
  /** The registry behind the faults. */
  readonly rows: Registry
  fate: Fate = () => 'well'
  /** What a registry operation waits for before it is answered. */
  delay: (operation: string) => Promise<void> = async () => {}

  constructor() {
    this.rows = memoryRegistry({ clock: this.clock })
    void this.rows.open()
    this.store = this.#faulty('store', memoryStore({ clock: this.clock }))
    this.registry = this.#faulty('registry', this.rows)
  }

  newDisk(): MemoryDisk {
    return new MemoryDisk(() => this.clock.now())
  }

  /**
   * A process on `disk`.
   * @param dice what its random numbers always are, or gives them; near 0, every wait with jitter is short
   */
  async start({
    disk = this.newDisk(),
    dice = 0.5 as number | Random,
    settings = {} as Partial<Settings>,
  } = {}) {
    const link = new FakeLink()
    return { link, ...(await this.startWith(link, { disk, dice, settings })) }
  }

  /** As `start`, with another way to WhatsApp. After `kill`, nothing that the process still does has any effect. */
  async startWith(
    link: DeviceLink<WASocket>,
    {
      disk = this.newDisk(),
      dice = 0.5 as number | Random,
      settings = {} as Partial<Settings>,
      logger = silentLogger,
    } = {},
  ) {
    const { clock } = this
    const life = { isDead: false }
    const store = whileAlive(life, this.store)
    const registry = whileAlive(life, this.registry)
    const random = typeof dice === 'number' ? () => dice : dice
    const lock = async () => ({ release: async () => {} })
    const root = await openSessionRoot({ path: '/sessions', clock, random, disk: disk.handle(), lock })
    const parts = { clock, random, root, link, store, registry, logger }
    const supervisor = assembleSupervisor<WASocket>({ ...parts, settings: checkSettings(settings) })
    const facts: SessionFact[] = []
    supervisor.on('fact', (fact) => facts.push(fact))
    const kill = () => {
      life.isDead = true
    }
    return { supervisor, disk, facts, ownerId: root.ownerId, kill }
  }

  /** Runs `work` while time goes on. */
  async within<T>(ms: number, work: Promise<T>): Promise<T> {
    await this.clock.advance(ms)
    return await work
  }

  #faulty<T extends object>(service: 'store' | 'registry', inner: T): T {
    return new Proxy(inner, {
      get: (_, name) => {
        const value = Reflect.get(inner, name)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const fate = this.fate(service, String(name))
          if (fate === 'away') throw new SessionError('unavailable', `The ${service} is away.`)
          const answer = await value.apply(inner, args)
          if (service === 'registry') await this.delay(String(name))
          if (fate === 'lost') throw new SessionError('unavailable', `The ${service}'s answer was lost.`)
          return answer
        }
      },
    })
  }
}

function whileAlive<T extends object>(life: { isDead: boolean }, inner: T): T {
  return new Proxy(inner, {
    get: (_, name) => {
      const value = Reflect.get(inner, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => (life.isDead ? new Promise(() => {}) : Reflect.apply(value, inner, args))
    },
  })
}
