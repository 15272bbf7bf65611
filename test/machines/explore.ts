import { type AnyStateNode, initialTransition, transition } from 'xstate'
import {
  type TenantContext,
  type TenantEvent,
  type TenantInput,
  tenantMachine,
} from '../../machines/index.js'

/** One configuration that the machine can get into. */
export interface Configuration {
  readonly path: string
  readonly context: TenantContext
  /** Keys of the configurations that one event leads to. */
  readonly next: Set<string>
}

/** Counters clipped to what the guards ask, so that there is an end. */
function keyOf(path: string, context: TenantContext): string {
  return JSON.stringify([
    path,
    context.changeSeq > context.savedSeq,
    context.urgentSeq > context.savedSeq,
    context.auditDue,
    context.hasSession,
    context.hasOpened,
    context.link === 'ended',
    context.codeKind !== null,
    context.reason === 'loggedOut',
  ])
}

/**
 * Every configuration of the tenant machine that these events lead to, by its key. The tenant alone, its link saying
 * anything at any time: more than test/model reaches, which takes tenant and link together.
 */
export function exploreTenant(
  input: TenantInput,
  events: (context: TenantContext) => readonly { type: string }[],
): Map<string, Configuration> {
  const found = new Map<string, Configuration>()
  const [first] = initialTransition(tenantMachine, input)
  const waiting = [first]
  const visit = (snapshot: typeof first): string => {
    const path = pathOf(snapshot.value)
    const key = keyOf(path, snapshot.context)
    if (!found.has(key)) {
      found.set(key, { path, context: snapshot.context, next: new Set() })
      // An actor that is done takes no more events.
      if (snapshot.status === 'active') waiting.push(snapshot)
    }
    return key
  }
  visit(first)
  for (let snapshot = waiting.pop(); snapshot !== undefined; snapshot = waiting.pop()) {
    const from = found.get(keyOf(pathOf(snapshot.value), snapshot.context))!
    for (const event of events(snapshot.context)) {
      const [reached] = transition(tenantMachine, snapshot, event as TenantEvent)
      from.next.add(visit(reached))
    }
  }
  return found
}

/** Paths of all atomic and final states of a machine, e.g. `connected.clean`. */
export function leavesOf(node: AnyStateNode): string[] {
  const children = Object.values(node.states) as AnyStateNode[]
  if (children.length === 0) return [node.path.join('.')]
  return children.flatMap((child) => leavesOf(child))
}

export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value
  const [[parent, child]] = Object.entries(value as object) as [[string, unknown]]
  return `${parent}.${pathOf(child)}`
}
