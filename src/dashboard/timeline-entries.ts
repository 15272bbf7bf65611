import { isSessionError } from '../errors.js'
import type { SessionFact } from '../index.js'
import type { Session } from '../session-api.js'
import { describeFact } from '../session-facts.js'
import type { MachineStep } from '../supervisor-api.js'
import type { Step, TimelineEntry } from './payloads.js'

/** An entry before it has its place. */
export type NewEntry = Omit<TimelineEntry, 'n' | 'at'>

/** An audit that found nothing, every five minutes, would push out what happened. */
export function isRoutine(fact: SessionFact): boolean {
  return fact.type === 'session.audited' && fact.changed + fact.flawed === 0
}

export function entryOfFact(fact: SessionFact): NewEntry {
  const { level, message } = describeFact(fact)
  const { type, tenantId: _, ...fields } = fact
  const error = 'error' in fields ? describeError(fields.error) : null
  return {
    kind: 'fact',
    level: level === 'debug' ? 'info' : level,
    name: type,
    text: error === null ? message : `${message}: ${error.message}`,
    detail: { ...plain(fields), ...(error === null ? {} : { code: error.code }) },
  }
}

export function entryOfState(session: Session): NewEntry {
  const { status, state, link, result, lastError } = session
  const ended = result === null ? '' : `; the session ended (${result.reason})`
  const isBad = status === 'FAILED' || status === 'BANNED' || status === 'REPLACED' || lastError !== null
  return {
    kind: 'state',
    level: isBad ? 'warn' : 'info',
    name: status,
    text: `${status.toLowerCase().replace('_', ' ')}${ended}`,
    detail: { state, link, lastError, endReason: result?.reason ?? null, unsaved: result?.unsaved ?? 0 },
  }
}

export function entryOfAction(verb: string, error: unknown): NewEntry {
  const failed = error === null ? null : describeError(error)
  return {
    kind: 'action',
    level: failed === null ? 'info' : 'error',
    name: verb,
    text: failed === null ? 'done' : `failed: ${failed.message}`,
    detail: failed === null ? {} : { code: failed.code },
  }
}

export function entryOfStep(step: Omit<Step, 'n'>): NewEntry {
  const { machine, event, handled, states } = step
  return {
    kind: 'step',
    level: handled ? 'info' : 'warn',
    name: event,
    text: handled
      ? `${machine}: ${event} → ${states.at(-1) ?? ''}`
      : `${machine}: ${event} was not handled in ${states.at(-1) ?? 'this state'}`,
    detail: {},
  }
}

export function stepOf(step: MachineStep): Omit<Step, 'n'> {
  return { ...step, at: new Date(step.at).toISOString() }
}

/** What is no SessionError may say anything, a secret included: only the log has it. */
function describeError(error: unknown): { code: string; message: string } {
  if (isSessionError(error)) return { code: error.code, message: error.message }
  return { code: 'internal', message: 'it failed in an unexpected way; see the log of the server' }
}

function plain(fields: object): Record<string, string | number | boolean | null> {
  const found: Record<string, string | number | boolean | null> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) found[name] = value.join(', ')
    else if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) found[name] = value
  }
  return found
}
