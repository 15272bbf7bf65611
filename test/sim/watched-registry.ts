import type { ClaimRequest, Registry } from '../../src/ports/registry.js'
import type { World } from './world.js'

/** The registry itself, seen without any network: who commits what, who deletes, and who claims what. */
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
    claim: {
      value: async (request: ClaimRequest) => {
        const before = new Map((await registry.list()).map((row) => [row.tenantId, row.lease]))
        const claimed = await registry.claim(request)
        for (const { record } of claimed) {
          const lease = before.get(record.tenantId)
          const isNamed = request.own?.some(({ tenantId }) => tenantId === record.tenantId)
          // It would fence the session that it has the lease for.
          if (lease?.owner === request.owner && lease.expiresAt !== 0 && !isNamed)
            world.violate('claimed by the host that has it', record.tenantId)
        }
        return claimed
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
  ] as const) {
    Object.defineProperty(watched, name, {
      value: (registry[name] as (...args: never[]) => unknown).bind(registry),
    })
  }
  return watched
}
