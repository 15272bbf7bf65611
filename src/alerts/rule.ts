import type { DiskSpace, SessionFact } from '../index.js'
import type { Session } from '../session-api.js'
import type { Settings } from '../settings.js'
import type { AlertName } from './alert.js'

export interface AlertView {
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** Of this process, by tenant id; those that have ended included. */
  readonly sessions: ReadonlyMap<string, Pick<Session, 'status' | 'unprotected' | 'result'>>
  /** As last read; null when the disk could not tell. */
  readonly disk: DiskSpace | null
}

/** What is wrong now, by whose it is: a tenant, or {@link wholeHost}. */
export type Findings = ReadonlyMap<string, string>

export const wholeHost = ''

/** Says what is wrong; raising, resolving and counting together are not its business. */
export interface AlertRule {
  readonly name: AlertName
  readonly advice: string
  /** Hears of a fact. True: it is worth a look soon. */
  note?(fact: SessionFact, now: number): boolean
  look(view: AlertView): Findings
}

export type AlertSettings = Pick<
  Settings,
  | 'alertUnprotectedMs'
  | 'alertFailures'
  | 'alertFailingMs'
  | 'alertLeaseMs'
  | 'alertOutdatedTenants'
  | 'alertWindowMs'
  | 'alertDiskFreeBytes'
  | 'alertDiskFreeRatio'
>

export function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
