import { join } from 'node:path'
import { systemClock } from '../../src/ports/index.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { memoryStore } from '../../src/stores/memory.js'
import { newRig, tenantName, untilProtected } from '../rig.js'
import { seedTenants } from '../seed.js'
import { slowStore } from '../slow-store.js'
import type { Fleet, FleetOptions } from './fleet.js'

/** Tenants of a supervisor with the settings of production. */
export async function fleetOfOurs({ tenants, session, limit, latency, path }: FleetOptions): Promise<Fleet> {
  const names = Array.from({ length: tenants }, (_, n) => tenantName(n))
  const objects = memoryStore()
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  await seedTenants({ store: objects, registry }, names, session)
  const store = slowStore(objects, latency)
  const parts = { store, registry, settings: { uploadConcurrency: limit, restoreConcurrency: limit } }
  const rig = await newRig({ ...parts, path: join(path, 'sessions') })
  const opened = rig.link.untilOpened(names.length)
  await rig.supervisor.resume()
  await opened
  const sessions = () => [...rig.supervisor.sessions.values()]
  return {
    traffic: store.traffic,
    ages: rig.ages,
    writers: names.map((name) => {
      const connection = rig.link.connections.get(name)!
      return (file, content) => connection.write(new Map([[file, content]]))
    }),
    durable: () => rig.changesCommitted,
    settled: () => untilProtected(rig),
    left: () => sessions().reduce((sum, { unprotected }) => sum + unprotected.changes, 0),
    drain: async () => {
      const { unprotected } = await rig.supervisor.shutdown()
      if (unprotected.length > 0) throw new Error(`The drain left ${unprotected.length} tenants unprotected.`)
    },
    elsewhere: async (count) => {
      const fresh = await newRig({ ...parts, path: join(path, 'another-disk') })
      for (const name of names.slice(count)) await registry.setDesired(name, 'stopped')
      return async () => {
        const reopened = fresh.link.untilOpened(count)
        await fresh.supervisor.resume()
        await reopened
      }
    },
  }
}
