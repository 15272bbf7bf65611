import { isSessionError } from './errors.js'
import type { Logger, Registry } from './ports/index.js'

/**
 * Gives up leases of workers that this host had before and has no more: their directory's lock proves that they have
 * ended. Without it their tenants come back when the leases have run out.
 */
export async function releaseFormer(
  registry: Registry,
  owners: readonly string[],
  logger: Logger,
): Promise<void> {
  if (owners.length === 0) return
  try {
    const rows = await registry.list()
    for (const owner of owners) {
      const held = rows.flatMap(({ tenantId, lease }) =>
        lease?.owner === owner && lease.expiresAt !== 0 ? [{ tenantId, epoch: lease.epoch }] : [],
      )
      if (held.length > 0) await registry.release(owner, held)
      await registry.checkOut(owner)
    }
  } catch (error) {
    if (!isSessionError(error)) throw error
    logger.warn({ err: error }, 'leases of former workers not given back; they will expire')
  }
}
