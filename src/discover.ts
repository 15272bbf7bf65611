import type { Host } from './actors/host.js'
import { isSessionError } from './errors.js'
import type { TenantRecord } from './ports/index.js'

/**
 * Sees to it that the registry knows every tenant. An empty one (lost with its disk, or in memory) proves nothing: what
 * the store or this disk holds is then set running.
 * @returns the registry's rows; `complete` false: the store could not be asked, ask again
 */
export async function discoverTenants(host: Host): Promise<{ rows: TenantRecord[]; complete: boolean }> {
  const rows = await host.registry.list()
  const known = new Set(rows.map(({ tenantId }) => tenantId))
  if (host.registry.durable && rows.length > 0) return { rows, complete: true }
  const onDisk = await host.root.list()
  const { tenantIds: inStore, complete } = await tenantsInStore(host)
  const found = [...new Set([...onDisk, ...inStore])].filter((tenantId) => !known.has(tenantId))
  for (const tenantId of found) await host.registry.setDesired(tenantId, 'running')
  return { rows, complete }
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
