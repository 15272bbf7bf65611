import type { ObjectInfo, ObjectStore } from '../../src/ports/object-store.js'
import { type MemoryObjects, memoryStore } from '../../src/stores/memory.js'
import type { Life } from './life.js'
import type { Network } from './network.js'
import type { World } from './world.js'

/** The object store as a host reaches it over the network. */
export function remoteStore(world: World, network: Network, life: Life): ObjectStore {
  const truth = () => memoryStore({ objects: world.objects, clock: world.clock })
  const seen = () => memoryStore({ objects: world.lists.objects(), clock: world.clock })
  const read = (operation: string) => ({ service: 'store' as const, operation, writes: false })
  const write = (operation: string) => ({ service: 'store' as const, operation, writes: true })
  return {
    name: 'simulated',
    check: () => network.request(life, read('check'), () => truth().check()),
    put: (key, body) => {
      // The bytes as they left.
      const sent = Uint8Array.from(body)
      const history = world.history(key.slice(0, key.indexOf('/')))
      const { deletions } = history
      return network.request(life, write('put'), () => {
        if (history.deletions > deletions) history.leftBehind = true
        return truth().put(key, sent)
      })
    },
    get: (key) =>
      network.request(
        life,
        read('get'),
        () => truth().get(key),
        (bytes) => spoil(world, bytes),
      ),
    list: (prefix) => network.request<ObjectInfo[]>(life, read('list'), () => seen().list(prefix)),
    listTenants: () => network.request(life, read('listTenants'), () => seen().listTenants()),
    remove: (keys) => {
      const sent = [...keys]
      return network.request(life, write('remove'), async () => {
        await truth().remove(sent)
        await world.audit.removed(sent)
      })
    },
    close: async () => {},
  }
}

/** A download that ends early, or in which one bit is another. */
function spoil(world: World, bytes: Uint8Array): Uint8Array {
  const chance = world.chance('torn')
  if (chance.is(0.6)) return bytes.slice(0, chance.whole(0, bytes.length - 1))
  const flipped = bytes.slice()
  flipped[chance.whole(0, flipped.length - 1)]! ^= 1 << chance.whole(0, 7)
  return flipped
}

/** What listings show: the objects, or for a while what they were some time ago. */
export class Lists {
  readonly #world: World
  #stale: { objects: MemoryObjects; until: number } | null = null

  constructor(world: World) {
    this.#world = world
  }

  /** For `forMs`, listings lack what was stored in the last `byMs`. */
  goStale(byMs: number, forMs: number): void {
    const { objects, clock, nowMs } = this.#world
    const since = clock.now() - byMs
    const old = [...objects].filter(([, { createdAt }]) => createdAt <= since)
    this.#stale = { objects: new Map(old), until: nowMs + forMs }
  }

  objects(): MemoryObjects {
    if (this.#stale && this.#world.disturbed && this.#stale.until > this.#world.nowMs)
      return this.#stale.objects
    return this.#world.objects
  }
}
