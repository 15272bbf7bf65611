import type { Registry } from '../../src/ports/registry.js'
import type { Life } from './life.js'
import type { Network } from './network.js'
import type { World } from './world.js'

const writes = [
  'setDesired',
  'acquire',
  'renew',
  'release',
  'commit',
  'updateStatus',
  'clearHead',
  'checkIn',
  'checkOut',
  'claim',
] as const
const reads = ['read', 'list'] as const

/** The registry as a host reaches it over the network. */
export function remoteRegistry(world: World, network: Network, life: Life): Registry {
  const remote: Record<string, unknown> = {
    name: 'simulated',
    durable: true,
    open: async () => {},
    close: async () => {},
  }
  for (const operation of [...writes, ...reads]) {
    remote[operation] = (...args: unknown[]) => {
      const request = {
        service: 'registry' as const,
        operation,
        writes: !reads.includes(operation as 'read'),
      }
      const method = () => world.registry[operation] as (...args: unknown[]) => Promise<unknown>
      return network.request(life, request, () => method()(...args))
    }
  }
  return remote as unknown as Registry
}
