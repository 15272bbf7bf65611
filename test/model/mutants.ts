import { type AnyStateMachine, not } from 'xstate'
import {
  type Candidates,
  candidatesIn,
  configOf,
  machineOf,
  type StateConfig,
  statesIn,
  type TransitionConfig,
} from './surgery.js'

/** One machine with one thing wrong. */
export interface Mutant {
  /** What is wrong with what, e.g. `tenant:connected.clean|files.changed|0 guard negated`. */
  readonly id: string
  readonly machine: AnyStateMachine
  /** State and, of a transition, event of what is changed: other paths cannot show it. Null: any may. */
  readonly at: { readonly path: string; readonly event: string } | null
}

interface Change {
  readonly id: string
  readonly at: Mutant['at']
  /** Changes a configuration that was made for it alone. */
  readonly apply: (config: StateConfig) => void
}

/** Every mutant of a machine: transitions, guards, targets, actions, entries, invokes, initial states, implementations. */
export function mutantsOf(machine: AnyStateMachine): Mutant[] {
  const sound = configOf(machine)
  const changes = [...transitionChanges(machine.id, sound), ...stateChanges(machine.id, sound)]
  const mutants = changes.map(({ id, at, apply }) => {
    const config = configOf(machine)
    apply(config)
    return { id, at, machine: machineOf(machine, config) }
  })
  return [...mutants, ...implementationMutants(machine)]
}

function* transitionChanges(machine: string, sound: StateConfig): Generator<Change> {
  const paths = [...statesIn(sound)].map(({ path }) => path).filter((path) => path !== '')
  let number = 0
  for (const candidates of candidatesIn(sound)) {
    const place = number++
    for (const [index, transition] of candidates.list.entries()) {
      const id = `${machine}:${candidates.path}|${candidates.event}|${index}`
      for (const [what, change] of changesOf(transition, index, candidates, { machine, paths })) {
        const apply = (config: StateConfig) => change([...candidatesIn(config)][place]!)
        yield { id: `${id} ${what}`, at: candidates, apply }
      }
    }
  }
}

type Edit = (candidates: Candidates) => void

function* changesOf(
  transition: TransitionConfig,
  index: number,
  candidates: Candidates,
  all: { machine: string; paths: readonly string[] },
): Generator<[what: string, edit: Edit]> {
  const edit =
    (change: (transition: TransitionConfig) => void): Edit =>
    ({ list }) =>
      change(list[index]!)
  yield ['removed', ({ list }) => void list.splice(index, 1)]
  if (index + 1 < candidates.list.length) {
    yield ['tried after the next', ({ list }) => void list.splice(index, 2, list[index + 1]!, list[index]!)]
  }
  if (transition.guard !== undefined) {
    yield ['guard removed', edit((each) => void delete each.guard)]
    yield ['guard negated', edit((each) => Object.assign(each, { guard: not(each.guard as never) }))]
  }
  for (const other of otherTargets(transition, candidates.path, all)) {
    yield [`target ${other ?? 'dropped'}`, edit((each) => retarget(each, other))]
  }
  for (const [nth, action] of (transition.actions ?? []).entries()) {
    const name = typeof action === 'string' ? action : `of its own ${nth}`
    yield [`action ${name} dropped`, edit((each) => void each.actions!.splice(nth, 1))]
  }
  if (transition.reenter) yield ['does not re-enter', edit((each) => void delete each.reenter)]
  else if (staysBelow(transition, candidates.path, all.machine)) {
    yield ['re-enters', edit((each) => Object.assign(each, { reenter: true }))]
  }
}

/** To enter again makes a difference only where the source is not left anyway. */
function staysBelow({ target }: TransitionConfig, source: string, machine: string): boolean {
  if (target === undefined) return false
  const absolute = resolved(target, source, machine)
  return source === '' || absolute === source || absolute.startsWith(`${source}.`)
}

function retarget(transition: TransitionConfig, target: string | null): void {
  if (target === null) delete transition.target
  else transition.target = target
}

/** No target, the target's next sibling, and the next state of the machine that is not a part of it. */
function otherTargets(
  { target }: TransitionConfig,
  source: string,
  { machine, paths }: { machine: string; paths: readonly string[] },
): (string | null)[] {
  if (target === undefined) return []
  const absolute = resolved(target, source, machine)
  const parent = absolute.split('.').slice(0, -1).join('.')
  const siblings = paths.filter((path) => path.split('.').slice(0, -1).join('.') === parent)
  const next = (among: readonly string[]) => among[(among.indexOf(absolute) + 1) % among.length]!
  const others = new Set([next(siblings), next(paths.filter((path) => !path.startsWith(`${absolute}.`)))])
  others.delete(absolute)
  return [null, ...[...others].map((path) => `#${machine}.${path}`)]
}

/** The path of the state that a target means, seen from `source`. */
function resolved(target: string, source: string, machine: string): string {
  if (target.startsWith('#')) return target.slice(machine.length + 2)
  if (target.startsWith('.')) return source === '' ? target.slice(1) : `${source}${target}`
  const parent = source.split('.').slice(0, -1).join('.')
  return parent === '' ? target : `${parent}.${target}`
}

function* stateChanges(machine: string, sound: StateConfig): Generator<Change> {
  for (const { path, state } of statesIn(sound)) {
    const on = (change: (state: StateConfig) => void) => (config: StateConfig) =>
      change([...statesIn(config)].find((each) => each.path === path)!.state)
    const id = `${machine}:${path}`
    const at = { path, event: '' }
    const names = Object.keys(state.states ?? {})
    const initial = names[(names.indexOf(state.initial ?? '') + 1) % names.length]
    if (names.length > 1) {
      yield {
        id: `${id} begins in ${initial}`,
        at: null,
        apply: on((each) => Object.assign(each, { initial })),
      }
    }
    for (const [nth, action] of (state.entry ?? []).entries()) {
      const apply = on((each) => void each.entry!.splice(nth, 1))
      yield { id: `${id} entry ${action} dropped`, at, apply }
    }
    for (const [nth, invoked] of (state.invoke ?? []).entries()) {
      const what = `${id} invoke ${invoked.id}`
      yield { id: `${what} dropped`, at, apply: on((each) => void each.invoke!.splice(nth, 1)) }
      yield {
        id: `${what} without input`,
        at: null,
        apply: on((each) => void delete each.invoke![nth]!.input),
      }
    }
    if (state.output)
      yield { id: `${id} without output`, at: null, apply: on((each) => void delete each.output) }
  }
}

function implementationMutants(machine: AnyStateMachine): Mutant[] {
  const { actions, guards, delays } = machine.implementations
  const config = () => configOf(machine)
  const mutant = (id: string, implementations: object): Mutant => ({
    id: `${machine.id} ${id}`,
    at: null,
    machine: machineOf(machine, config(), implementations),
  })
  return [
    ...Object.keys(actions).map((name) =>
      mutant(`action ${name} does nothing`, { actions: { ...actions, [name]: () => {} } }),
    ),
    ...Object.keys(guards).flatMap((name) =>
      [true, false].map((always) =>
        mutant(`guard ${name} always ${always}`, { guards: { ...guards, [name]: () => always } }),
      ),
    ),
    ...Object.keys(delays).map((name) =>
      mutant(`delay ${name} is another`, { delays: { ...delays, [name]: 123_456 } }),
    ),
  ]
}
