import pc from 'picocolors'
import type { TenantView } from '../server/index.js'

/** `850 ms`, `12 s`, `7 min`, `5 h`, `3 days`. */
export function ageText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

const defect = 'a defect of the server. It is tried again; please report it with the stack in the log'

/** One tenant, a fact a line. */
export function describeTenant(tenant: TenantView, now: number): string[] {
  const unprotected =
    tenant.unprotectedChanges === 0
      ? 'none'
      : `${tenant.unprotectedChanges}, the oldest for ${ageText(tenant.unprotectedAgeMs)}`
  const places = { here: 'in this server', elsewhere: 'on another host', no: 'nowhere' } as const
  const facts: [string, string | null][] = [
    ['status', tenant.status],
    ['runs', tenant.endReason ? `nowhere (ended: ${tenant.endReason})` : places[tenant.runs]],
    ['to run', tenant.desiredState === null ? null : tenant.desiredState === 'running' ? 'yes' : 'no'],
    ['state', tenant.link ? `${tenant.state} (link ${tenant.link})` : tenant.state],
    ['link', waitText(tenant, now)],
    ['number', tenant.phoneNumber],
    ['unprotected', unprotected],
    ['backup', backupText(tenant, now)],
    ['last error', tenant.lastError === 'internal' ? `internal: ${defect}` : tenant.lastError],
  ]
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== '')
  return [pc.bold(tenant.tenantId), ...shown.map(([name, value]) => `  ${pc.dim(name.padEnd(12))}${value}`)]
}

/** Null: the link does not wait, or another host knows for what. */
function waitText({ linkCode, linkRetryAt }: TenantView, now: number): string | null {
  if (linkRetryAt === null) return null
  const why =
    linkCode === null ? 'no connection came about' : `closed with ${linkCode} (${closeText(linkCode)})`
  const leftMs = Date.parse(linkRetryAt) - now
  return `${why}; tried again ${leftMs > 0 ? `in ${ageText(leftMs)}` : 'now'}`
}

/** What WhatsApp's close codes mean that are followed by another try. */
function closeText(code: number): string {
  const texts: Readonly<Record<number, string>> = {
    408: 'no answer in time',
    428: 'the connection was lost',
    440: 'another client uses the session; end that one',
    500: 'an error at WhatsApp',
    503: 'WhatsApp is not available',
  }
  return texts[code] ?? 'it says nothing about the session'
}

function backupText({ generation, lastBackupAt }: TenantView, now: number): string {
  if (generation === 0) return 'none yet'
  const age = lastBackupAt === null ? '' : `, ${ageText(now - Date.parse(lastBackupAt))} ago`
  return `number ${generation}${age}`
}
