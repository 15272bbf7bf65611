import { isDeepStrictEqual } from 'node:util'
import type { LinkContext, TenantContext, TenantOutput } from '../../machines/index.js'
import { type Effects, type Pair, pathOf } from './composed.js'

/** What is looked at after every step. */
export interface Facts {
  readonly tenant: string
  readonly context: TenantContext
  /** Null: no link lives. */
  readonly link: string | null
  readonly linkContext: LinkContext | null
  /** Actors that run under the tenant. */
  readonly actors: readonly string[]
  /** Actors that the step started, with what they were given. */
  readonly invoked: readonly { id: string; input: unknown }[]
  /** What the step told the socket. */
  readonly commands: readonly string[]
  /** What the step made the link tell its tenant. */
  readonly told: readonly object[]
  /** Delayed events that are set. */
  readonly timers: readonly string[]
  /** Delays of timers that are no machine's. */
  readonly otherTimers: readonly number[]
  /** Delayed events that the step set or restarted. */
  readonly scheduled: readonly { id: string; delayMs: number }[]
  readonly openSockets: number
  readonly output: TenantOutput | null
}

/** What the model says. */
export function factsOf(pair: Pair, effects: Effects): Facts {
  const { tenant, link, linkBroke } = pair
  const path = pathOf(tenant.value)
  const lives = tenant.status === 'active'
  const linkPath = link && pathOf(link.value)
  return {
    tenant: path,
    context: tenant.context,
    link: linkPath,
    linkContext: link?.context ?? null,
    actors: lives ? actorsOf(tenant.children) : [],
    invoked: [...effects.invoked].sort(byId),
    commands: effects.commands,
    told: effects.told,
    timers: pair.timers,
    otherTimers: [],
    scheduled: [...effects.scheduled].sort(byId),
    openSockets: linkPath?.startsWith('online') || linkBroke ? 1 : 0,
    output: tenant.status === 'done' ? (tenant.output ?? null) : null,
  }
}

/** @throws with the names of what differs, and how */
export function expectSame<Record extends object>(actual: Record, expected: Record): void {
  const wrong = (Object.keys(expected) as (keyof Record)[]).filter(
    (name) => !isDeepStrictEqual(actual[name], expected[name]),
  )
  if (wrong.length === 0) return
  const lines = wrong.map(
    (name) =>
      `  ${String(name)}: ${JSON.stringify(actual[name])}\n    expected ${JSON.stringify(expected[name])}`,
  )
  throw new Error(`Not as the model says:\n${lines.join('\n')}`)
}

/** Without the link, which is looked at by itself. */
export function actorsOf(children: object): string[] {
  return Object.keys(children)
    .filter((id) => id !== 'link')
    .sort()
}

export function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
