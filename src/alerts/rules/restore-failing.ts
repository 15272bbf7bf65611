import { isSessionError } from '../../errors.js'
import { type AlertRule, type AlertSettings, seconds } from '../rule.js'
import { FailuresInARow } from './failures-in-a-row.js'

/** A tenant cannot be brought up: at once when its backup is damaged, else when it has been tried for long. */
export function restoreFailing({ alertFailures, alertFailingMs }: AlertSettings): AlertRule {
  const failures = new FailuresInARow()
  const damaged = new Set<string>()
  const over = (tenantId: string) => {
    failures.over(tenantId)
    damaged.delete(tenantId)
  }
  return {
    name: 'restore.failing',
    advice:
      'Look at the log for the error. `corrupt`: keep the objects and the local folder as they are, and look at both; do not pair anew before. Otherwise look whether the store answers and holds the tenant’s objects.',
    note(fact, now) {
      if (fact.type === 'session.restored' || fact.type === 'session.kept') over(fact.tenantId)
      if (fact.type !== 'restore.failed') return false
      const code = isSessionError(fact.error) ? fact.error.code : 'internal'
      failures.failed(fact.tenantId, code, now)
      if (code === 'corrupt') damaged.add(fact.tenantId)
      return true
    },
    look({ now, sessions }) {
      failures.keepOnly((tenantId) => sessions.get(tenantId)?.result === null)
      for (const tenantId of damaged) if (sessions.get(tenantId)?.result !== null) damaged.delete(tenantId)
      const found = new Map<string, string>()
      const bad = { count: alertFailures, forMs: alertFailingMs, now }
      for (const { tenantId, count, lastsMs, code } of failures.worse(bad)) {
        found.set(tenantId, `${count} restores in a row failed within ${seconds(lastsMs)} (${code})`)
      }
      for (const tenantId of damaged)
        found.set(tenantId, 'the restore failed: what is stored does not verify')
      return found
    },
  }
}
