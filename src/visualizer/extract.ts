import type { AnyStateMachine, AnyStateNode } from 'xstate'
import type {
  ChartActor,
  ChartDelay,
  ChartEdge,
  ChartState,
  ChartTrigger,
  EdgeKind,
  MachineChart,
  MachineName,
} from './chart.js'
import { edgeIdOf, type Transition } from './edge-id.js'
import { actionText, composedGuards, delayOf, guardText, type Implemented, isTimer } from './names.js'

/** A machine's chart, read from its state nodes: XState's own `toDirectedGraph` omits guards, actors and `always`. */
export function chartOf(machine: AnyStateMachine, name: MachineName): MachineChart {
  const nodes = withDescendants(machine.root)
  return {
    name,
    root: stateOf(machine.root),
    states: nodes.slice(1).map(stateOf),
    edges: nodes.flatMap((node) => candidatesOf(node).map(edgeOf)),
    guards: composedGuards(machine),
  }
}

function withDescendants(node: AnyStateNode): AnyStateNode[] {
  return [node, ...(Object.values(node.states) as AnyStateNode[]).flatMap(withDescendants)]
}

/** `always` first: it is tried before any event. */
function candidatesOf(node: AnyStateNode): Transition[] {
  return [...(node.always ?? []), ...[...node.transitions.values()].flat()]
}

function stateOf(node: AnyStateNode): ChartState {
  const [start] = node.type === 'compound' ? (node.initial.target ?? []) : []
  return {
    id: pathOf(node),
    key: node.key,
    parent: node.parent ? pathOf(node.parent) : null,
    type: node.type,
    initial: start ? pathOf(start) : null,
    entry: ownActions(node.entry),
    exit: ownActions(node.exit),
    actors: node.invoke.map((invoked) => actorOf(node, invoked)),
    delays: delaysOf(node),
  }
}

function delaysOf(node: AnyStateNode): ChartDelay[] {
  const names = new Set((node.after as Transition[]).map(({ delay }) => delay!))
  return [...names].map((name) => delayOf(node.machine, name))
}

function ownActions(actions: readonly unknown[]): string[] {
  return (actions as Implemented[]).filter((action) => !isTimer(action)).map(actionText)
}

function actorOf(
  node: AnyStateNode,
  { id, src }: { readonly id: string; readonly src: unknown },
): ChartActor {
  const ends = (end: string) =>
    (node.transitions.get(`xstate.${end}.actor.${id}`) ?? []).map((transition) => edgeIdOf(transition)!)
  return {
    id,
    logic: typeof src === 'string' ? src : '(code)',
    done: ends('done'),
    error: ends('error'),
  }
}

function edgeOf(transition: Transition): ChartEdge {
  const { source, guard, actions, target } = transition
  return {
    id: edgeIdOf(transition)!,
    source: pathOf(source),
    trigger: triggerOf(transition),
    guard: guard ? guardText(guard as Implemented) : null,
    actions: (actions as unknown as Implemented[]).map(actionText),
    targets: (target ?? []).map(pathOf),
    kind: kindOf(transition),
  }
}

function triggerOf({ eventType, delay, source }: Transition): ChartTrigger {
  if (eventType === '') return { kind: 'always' }
  if (delay !== undefined) return { kind: 'after', delay: delayOf(source.machine, delay) }
  if (eventType.startsWith('xstate.done.state.')) return { kind: 'complete' }
  const [, kind, actor] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(eventType) ?? []
  return kind === undefined
    ? { kind: 'event', event: eventType }
    : { kind: kind as 'done' | 'error', actor: actor! }
}

function kindOf({ source, target, actions, reenter }: Transition): EdgeKind {
  if (!target?.length) return actions.length === 0 ? 'ignores' : 'stays'
  const within = target.every((node) => isWithin(node, source))
  if (!within) return 'leaves'
  return reenter ? 'restarts' : 'enters'
}

function isWithin(node: AnyStateNode, outer: AnyStateNode): boolean {
  return outer.path.every((key: string, depth: number) => node.path[depth] === key)
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.')
}
