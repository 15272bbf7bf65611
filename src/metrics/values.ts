import { alertNames } from '../alerts/alert.js'
import type { ErrorCode } from '../errors.js'
import type { CloseReason } from '../index.js'
import type { MetricName } from './definitions.js'

export const statuses = [
  'CONNECTED',
  'RESTORING',
  'PAIRING',
  'DISCONNECTED',
  'LOGGED_OUT',
  'REPLACED',
  'BANNED',
  'FAILED',
] as const

/** Close codes of machines/disconnect.ts; any other counts as `other`, so that nobody can make up series. */
export const closeCodes = [
  '401',
  '402',
  '403',
  '405',
  '406',
  '408',
  '409',
  '411',
  '428',
  '440',
  '500',
  '503',
  '515',
  'other',
] as const

const generationKinds = ['snapshot', 'delta', 'cumulative'] as const
const waysUp = ['kept', 'restored', 'fellBack', 'imported'] as const
const leaseChanges = ['acquired', 'lost', 'refused'] as const
const auditResults = ['clean', 'changed', 'flawed'] as const
const deliveryResults = ['delivered', 'failed', 'dropped'] as const

/** `internal`: what was thrown is no SessionError. */
const errorCodes = Object.keys({
  invalid: 0,
  unavailable: 0,
  denied: 0,
  missing: 0,
  exists: 0,
  tooLarge: 0,
  corrupt: 0,
  undecided: 0,
  fenced: 0,
  leased: 0,
  closed: 0,
  locked: 0,
  diskFull: 0,
  timeout: 0,
  ended: 0,
  internal: 0,
} satisfies Record<ErrorCode | 'internal', 0>)

const closeReasons = Object.keys({
  stopped: 0,
  leaseLost: 0,
  loggedOut: 0,
  unlinked: 0,
  deleted: 0,
  replaced: 0,
  banned: 0,
  temporarilyBanned: 0,
  outdated: 0,
  notMultiDevice: 0,
  unavailable: 0,
  failed: 0,
  pairingRefused: 0,
  pairingTimeout: 0,
  pairingExpired: 0,
} satisfies Record<CloseReason, 0>)

export const quarantineReasons = ['superseded', 'unpaired', 'logged-out', 'other'] as const

/** Label values that are there from the first scrape on, at 0: a rate over a series that appears later misses its first. */
export const knownValues: readonly (readonly [MetricName, string, readonly string[]])[] = [
  ['session_supervisor_generations_committed_total', 'kind', generationKinds],
  ['session_supervisor_backups_failed_total', 'code', errorCodes],
  ['session_supervisor_restores_total', 'how', waysUp],
  ['session_supervisor_restores_failed_total', 'code', errorCodes],
  ['session_supervisor_disconnects_total', 'code', closeCodes],
  ['session_supervisor_lease_changes_total', 'change', leaseChanges],
  ['session_supervisor_audits_total', 'result', auditResults],
  ['session_supervisor_quarantined_total', 'reason', quarantineReasons],
  ['session_supervisor_sessions_ended_total', 'reason', closeReasons],
  ['session_supervisor_webhook_deliveries_total', 'result', deliveryResults],
  ['session_supervisor_alerts_raised_total', 'rule', alertNames],
  ['session_supervisor_alerts_active', 'rule', alertNames],
]
