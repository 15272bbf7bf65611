import type { AlertRule, AlertSettings } from '../rule.js'
import { backupFailing } from './backup-failing.js'
import { diskNearlyFull } from './disk-nearly-full.js'
import { fellBack } from './fell-back.js'
import { leaseContended } from './lease-contended.js'
import { outdated } from './outdated.js'
import { restoreFailing } from './restore-failing.js'
import { unprotected } from './unprotected.js'

export function allRules(settings: AlertSettings): AlertRule[] {
  return [unprotected, backupFailing, restoreFailing, fellBack, leaseContended, outdated, diskNearlyFull].map(
    (rule) => rule(settings),
  )
}
