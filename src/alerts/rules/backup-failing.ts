import { isSessionError } from '../../errors.js'
import { type AlertRule, type AlertSettings, seconds } from '../rule.js'
import { FailuresInARow } from './failures-in-a-row.js'

/** A tenant's backups fail one after the other, or have done so for long. */
export function backupFailing({ alertFailures, alertFailingMs }: AlertSettings): AlertRule {
  const failures = new FailuresInARow()
  return {
    name: 'backup.failing',
    advice:
      'Look at the log for the error: `unavailable` means that store or registry do not answer, `denied` that a key is wrong, `corrupt` that files on this disk are damaged, `internal` that this program has a defect: report it with the stack.',
    note(fact, now) {
      if (fact.type === 'generation.committed') failures.over(fact.tenantId)
      if (
        fact.type === 'session.audited' &&
        fact.flawed === 0 &&
        failures.lastCode(fact.tenantId) === 'corrupt'
      ) {
        failures.over(fact.tenantId)
      }
      if (fact.type !== 'backup.failed') return false
      failures.failed(fact.tenantId, isSessionError(fact.error) ? fact.error.code : 'internal', now)
      return true
    },
    look({ now, sessions }) {
      // What ended, or has nothing left to save, is not failing any more; damaged files are, until an audit finds none.
      failures.keepOnly((tenantId, code) => {
        const session = sessions.get(tenantId)
        return session?.result === null && (session.unprotected.changes > 0 || code === 'corrupt')
      })
      const found = new Map<string, string>()
      for (const { tenantId, count, lastsMs, code } of failures.worse({
        count: alertFailures,
        forMs: alertFailingMs,
        now,
      })) {
        found.set(tenantId, `${count} backups in a row failed within ${seconds(lastsMs)} (${code})`)
      }
      return found
    },
  }
}
