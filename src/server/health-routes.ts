import type { Readiness } from './readiness.js'
import { ok } from './reply.js'
import type { Route } from './route.js'
import type { TenantList } from './tenant-list.js'
import type { TenantView } from './tenant-view.js'

export function healthRoutes(readiness: Readiness, tenants: TenantList): Route[] {
  return [
    { method: 'GET', path: '/healthz', isOpen: true, handle: () => ok({ alive: true }) },
    {
      method: 'GET',
      path: '/readyz',
      isOpen: true,
      handle: async () => {
        const reasons = await readiness.reasons()
        return reasons.length === 0 ? ok({ ready: true, reasons }) : ok({ ready: false, reasons }, 503)
      },
    },
    {
      method: 'GET',
      path: '/health/sessions',
      handle: async () => {
        const { tenants: all, isComplete } = await tenants.all()
        return ok({
          ...summaryOf(all),
          registry: isComplete ? 'ok' : 'unavailable',
          sessions: all.map(brief),
        })
      },
    },
  ]
}

/**
 * `backed_up`: has a backup and nothing that it does not cover. `needs_backup`: has changes that no backup covers, or
 * is connected without any backup. A tenant that has no session (never paired, logged out) is only in the total.
 */
export function summaryOf(all: readonly TenantView[]) {
  const needsBackup = all.filter(
    (tenant) => tenant.unprotectedChanges > 0 || (tenant.status === 'CONNECTED' && tenant.generation === 0),
  )
  const backedUp = all.filter((tenant) => tenant.generation > 0 && !needsBackup.includes(tenant))
  const times = all.flatMap(({ lastBackupAt }) => (lastBackupAt === null ? [] : [lastBackupAt]))
  return {
    total: all.length,
    backed_up: backedUp.length,
    needs_backup: needsBackup.length,
    // ISO times sort as text.
    oldest_backup: times.sort()[0] ?? null,
  }
}

function brief(tenant: TenantView) {
  const { tenantId, state, status, link, unprotectedChanges, unprotectedAgeMs } = tenant
  const { generation, lastBackupAt, lastError } = tenant
  return {
    tenantId,
    state,
    status,
    link,
    unprotectedChanges,
    unprotectedAgeMs,
    generation,
    lastBackupAt,
    lastError,
  }
}
