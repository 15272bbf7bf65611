import type { Host } from './actors/host.js'
import { isSessionError } from './errors.js'

/**
 * The tenants to bring up: those that the registry wants running. An empty registry (lost with its disk, or in
 * memory) proves nothing, so then every tenant that the store or this disk holds.
 * @returns `complete` false: the store could not be asked, ask again
 */
export async function discoverTenants(host: Host): Promise<{ tenantIds: string[]; complete: boolean }> {
  const rows = await host.registry.list()
  const known = new Set(rows.map(({ tenantId }) => tenantId))
  const wanted = rows.filter(({ desiredState }) => desiredState === 'running').map(({ tenantId }) => tenantId)
  if (host.registry.durable && rows.length > 0) return { tenantIds: wanted, complete: true }
  const onDisk = await host.root.list()
  const { tenantIds: inStore, complete } = await tenantsInStore(host)
  const found = [...new Set([...onDisk, ...inStore])].filter((tenantId) => !known.has(tenantId))
  for (const tenantId of found) await host.registry.setDesired(tenantId, 'running')
  return { tenantIds: [...wanted, ...found].sort(), complete }
}

async function tenantsInStore(host: Host): Promise<{ tenantIds: string[]; complete: boolean }> {
  try {
    return { tenantIds: await host.store.listTenants(), complete: true }
  } catch (error) {
    if (!isSessionError(error, 'unavailable')) throw error
    host.logger.warn({ err: error }, 'the store cannot be asked for its tenants; it is tried again')
    return { tenantIds: [], complete: false }
  }
}
