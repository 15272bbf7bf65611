import { isSessionError } from '../errors.js'
import type { SessionFact } from '../index.js'
import type { Families } from './families.js'
import { closeCodes, quarantineReasons } from './values.js'

const second = 1_000

/** Counts what a fact tells of. */
export function countFact(families: Families, fact: SessionFact): void {
  switch (fact.type) {
    case 'generation.committed':
      countCommit(families, fact)
      break
    case 'backup.failed':
      families.add('session_supervisor_backups_failed_total', 1, { code: codeOf(fact.error) })
      break
    case 'restore.failed':
      families.add('session_supervisor_restores_failed_total', 1, { code: codeOf(fact.error) })
      break
    case 'session.restored':
      families.observe('session_supervisor_restore_seconds', fact.durationMs / second)
      countUp(families, fact.fellBack ? 'fellBack' : 'restored')
      break
    case 'session.kept':
      countUp(families, 'kept')
      break
    case 'session.imported':
      countUp(families, 'imported')
      break
    case 'session.audited':
      families.add('session_supervisor_audits_total', 1, { result: auditResult(fact) })
      break
    case 'session.quarantined':
      families.add('session_supervisor_quarantined_total', 1, {
        reason: knownOf(quarantineReasons, fact.reason),
      })
      break
    case 'files.damaged':
      families.add('session_supervisor_files_damaged_total', fact.files)
      break
    case 'files.healed':
      families.add('session_supervisor_files_healed_total', fact.files)
      break
    case 'change.unprotected':
      families.add('session_supervisor_urgent_changes_unprotected_total', 1)
      break
    case 'link.closed':
      families.add('session_supervisor_disconnects_total', 1, {
        code: knownOf(closeCodes, String(fact.code)),
      })
      break
    case 'lease.acquired':
    case 'lease.lost':
    case 'lease.refused':
      families.add('session_supervisor_lease_changes_total', 1, {
        change: fact.type.slice('lease.'.length),
      })
      break
  }
}

type Fact<Type extends SessionFact['type']> = Extract<SessionFact, { type: Type }>

function countCommit(families: Families, fact: Fact<'generation.committed'>): void {
  families.add('session_supervisor_generations_committed_total', 1, { kind: fact.kind })
  families.add('session_supervisor_uploaded_bytes_total', fact.bytes)
  families.add('session_supervisor_committed_changes_total', fact.changes)
  families.observe('session_supervisor_upload_seconds', fact.uploadMs / second)
  families.observe('session_supervisor_rpo_seconds', fact.ageMs / second)
}

function countUp(families: Families, how: string): void {
  families.add('session_supervisor_restores_total', 1, { how })
}

function auditResult({ changed, flawed }: Fact<'session.audited'>): string {
  if (flawed > 0) return 'flawed'
  return changed > 0 ? 'changed' : 'clean'
}

/** Nobody can make up series. */
function knownOf(values: readonly string[], value: string): string {
  return values.includes(value) ? value : 'other'
}

function codeOf(error: unknown): string {
  return isSessionError(error) ? error.code : 'internal'
}
