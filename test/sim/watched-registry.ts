import type { Registry } from '../../src/ports/registry.js'
import type { World } from './world.js'

/** The registry itself, seen without any network: who commits what, and who deletes. */
export function watchCommits(world: World, registry: Registry): Registry {
  const watched: Registry = Object.create(registry, {
    commit: {
      value: async (swaps: Parameters<Registry['commit']>[0]) => {
        const before = await Promise.all(swaps.map(({ tenantId }) => registry.read(tenantId)))
        const outcomes = await registry.commit(swaps)
        for (const [at, outcome] of outcomes.entries()) {
          const swap = swaps[at]!
          const repeated = before[at]?.head?.key === swap.head.key
          world.trace(
            `commit ${swap.head.seq} epoch ${swap.epoch}: ${outcome}${repeated ? ' (again)' : ''}`,
            swap.tenantId,
          )
          if (outcome === 'committed' && !repeated)
            world.history(swap.tenantId).committed(swap, before[at] ?? null)
        }
        return outcomes
      },
    },
    clearHead: {
      value: async (tenantId: string, owner: string, epoch: number) => {
        await registry.clearHead(tenantId, owner, epoch)
        world.history(tenantId).wiped()
      },
    },
  })
  // Private fields are not reached through a prototype: every other method is called on the registry itself.
  for (const name of [
    'open',
    'close',
    'read',
    'list',
    'setDesired',
    'acquire',
    'renew',
    'release',
    'updateStatus',
    'checkIn',
    'checkOut',
    'claim',
  ] as const) {
    Object.defineProperty(watched, name, {
      value: (registry[name] as (...args: never[]) => unknown).bind(registry),
    })
  }
  return watched
}
