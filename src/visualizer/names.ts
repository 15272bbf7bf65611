import type { AnyStateMachine } from 'xstate'
import { defaultDelays } from '../../machines/index.js'
import type { ChartDelay } from './chart.js'

/** A guard or an action as a state node holds it: a name, a name with parameters, or one of XState's own functions. */
export type Implemented = string | { readonly type: string } | BuiltIn

interface BuiltIn {
  (...given: never[]): unknown
  readonly type?: string
  readonly guards?: readonly Implemented[]
  readonly stateValue?: unknown
  readonly assignment?: object
}

/** `dirty`, `not(boundElsewhere)`, `and(retries, retriesLeft)`, `in(online.stopping)`; `(code)` for an inline function. */
export function guardText(guard: Implemented): string {
  if (typeof guard !== 'function') return nameOf(guard)
  if (guard.stateValue !== undefined) return `in(${statePath(guard.stateValue)})`
  return guard.guards ? `${guard.name}(${guard.guards.map(guardText).join(', ')})` : '(code)'
}

/** Named guards that are made of others, as text. */
export function composedGuards(machine: AnyStateMachine): Record<string, string> {
  const guards = Object.entries(machine.implementations.guards as Record<string, Implemented>)
  return Object.fromEntries(
    guards.map(([name, guard]) => [name, guardText(guard)]).filter(([, text]) => text !== '(code)'),
  )
}

/** `noteChange`, or what an unnamed one does: `assign(epoch)`. */
export function actionText(action: Implemented): string {
  if (typeof action !== 'function') return nameOf(action)
  const kind = action.type?.replace('xstate.', '') ?? '(code)'
  return typeof action.assignment === 'object'
    ? `${kind}(${Object.keys(action.assignment).join(', ')})`
    : kind
}

/** XState arms a state's delays by actions of its own on entry and disarms them on exit; those are no one's code. */
export function isTimer(action: Implemented): boolean {
  if (typeof action !== 'function') return false
  const { id, sendId } = action as { id?: unknown; sendId?: unknown }
  return String(id ?? sendId ?? '').startsWith('xstate.after.')
}

/** What `after` names: a delay of the machine, or milliseconds. */
export function delayOf(machine: AnyStateMachine, delay: string | number): ChartDelay {
  const provided = typeof delay === 'number' ? delay : machine.implementations.delays[delay]
  const name = String(delay)
  if (typeof provided === 'number') return { name, defaultMs: provided, grows: null }
  const { backoffBaseMs, backoffMaxMs } = defaultDelays
  return { name, defaultMs: null, grows: { firstMs: backoffBaseMs, lastMs: backoffMaxMs } }
}

function nameOf(named: string | { readonly type: string }): string {
  return typeof named === 'string' ? named : named.type
}

function statePath(value: unknown): string {
  if (typeof value === 'string') return value.replace(/^#[^.]*\./, '')
  return Object.entries(value as object)
    .map(([parent, child]) => `${parent}.${statePath(child)}`)
    .join(', ')
}
