import type { SessionFact } from './actors/host.js'
import { forLog } from './errors.js'

export interface FactLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: object
}

/** A fact as a log line: what happened, and what to do where something is to be done. */
export function describeFact(fact: SessionFact): FactLine {
  const { type: _, ...fields } = fact
  switch (fact.type) {
    case 'generation.committed':
      return { level: 'debug', message: 'backed up', fields }
    case 'session.audited':
      return { level: 'debug', message: 'files compared with what is known of them', fields }
    case 'lease.acquired':
      return { level: 'debug', message: 'lease taken', fields }
    case 'lease.lost':
      return {
        level: 'warn',
        message:
          'lease lost: another host has the tenant, and this one stops. If it happens again, look for hosts that were paused or share a session directory',
        fields,
      }
    case 'lease.refused':
      return { level: 'debug', message: 'another host has the lease; it is asked for again', fields }
    case 'link.closed':
      return { level: 'debug', message: 'the connection to WhatsApp closed', fields }
    case 'session.kept':
      return { level: 'info', message: 'local session kept', fields }
    case 'session.imported':
      return { level: 'info', message: 'backup in the older layout imported', fields }
    case 'session.restored':
      return fact.fellBack
        ? {
            level: 'error',
            message:
              'the newest backup does not verify; an older one was restored. Keep the objects and look at the store',
            fields,
          }
        : { level: 'info', message: 'session restored', fields }
    case 'session.quarantined':
      return { level: 'warn', message: 'local copy moved to the quarantine', fields }
    case 'files.healed':
      return { level: 'warn', message: 'damaged files put right from the backup', fields }
    case 'files.damaged':
      return { level: 'warn', message: 'damaged files found; they are not backed up', fields }
    case 'change.unprotected':
      return {
        level: 'warn',
        message: 'an urgent change is not in the store yet and is waited for no longer. Look at the store',
        fields,
      }
    case 'backup.failed':
      return { level: 'warn', message: 'backup failed; it is tried again', fields: errorFields(fields) }
    case 'restore.failed':
      return { level: 'warn', message: 'restore failed; it is tried again', fields: errorFields(fields) }
  }
}

function errorFields({ error, ...fields }: { tenantId: string; error?: unknown }): object {
  return { ...fields, err: forLog(error) }
}
