import { type AnyStateMachine, and, createMachine } from 'xstate'
import { linkMachine, tenantMachine } from '../../machines/index.js'

/** A state's configuration, as far as it is changed here. */
export interface StateConfig {
  initial?: string
  states?: Record<string, StateConfig>
  on?: Record<string, TransitionConfig[]>
  after?: Record<string, TransitionConfig[]>
  always?: TransitionConfig[]
  entry?: unknown[]
  invoke?: InvokeConfig[]
  output?: unknown
  options?: { maxIterations: number }
}

export interface TransitionConfig {
  target?: string
  guard?: unknown
  actions?: unknown[]
  reenter?: boolean
}

export interface InvokeConfig {
  id?: string
  src?: unknown
  input?: unknown
  onDone?: TransitionConfig[]
  onError?: TransitionConfig[]
}

/** Transitions of one state for one event, in the order in which they are tried. */
export interface Candidates {
  /** Path of the state, joined by dots; empty for the root. */
  readonly path: string
  readonly state: StateConfig
  /** For people: an event, a delay, `always`, or the end of an actor. */
  readonly event: string
  readonly list: TransitionConfig[]
}

/** A copy of the machine's configuration in one form throughout: lists of objects. */
export function configOf(machine: AnyStateMachine): StateConfig {
  const config = stateOf(machine.config as Raw)
  // An endless cycle of transitions is to be an error, not a test that hangs.
  return { ...config, options: { maxIterations: 1_000 } }
}

type Raw = Record<string, unknown>

function stateOf(raw: Raw): StateConfig {
  const { states, on, after, always, entry, invoke, ...rest } = raw
  const lists = (map: unknown) =>
    Object.fromEntries(Object.entries((map ?? {}) as Raw).map(([key, value]) => [key, transitionsIn(value)]))
  return {
    ...rest,
    ...(states ? { states: mapValues(states as Raw, (state) => stateOf(state as Raw)) } : {}),
    ...(on ? { on: lists(on) } : {}),
    ...(after ? { after: lists(after) } : {}),
    ...(always ? { always: transitionsIn(always) } : {}),
    ...(entry ? { entry: listOf(entry) } : {}),
    ...(invoke ? { invoke: listOf(invoke).map((each) => invokeOf(each as Raw)) } : {}),
  }
}

function invokeOf({ onDone, onError, ...rest }: Raw): InvokeConfig {
  return {
    ...rest,
    ...(onDone ? { onDone: transitionsIn(onDone) } : {}),
    ...(onError ? { onError: transitionsIn(onError) } : {}),
  }
}

function transitionsIn(raw: unknown): TransitionConfig[] {
  return listOf(raw).map((each) => {
    if (typeof each === 'string') return { target: each }
    const { actions, ...rest } = each as Raw
    return { ...rest, ...(actions ? { actions: listOf(actions) } : {}) }
  })
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? [...value] : [value]
}

function mapValues<T>(map: Raw, make: (value: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, make(value)]))
}

/** Every state below and including `state`. */
export function* statesIn(state: StateConfig, path = ''): Generator<{ path: string; state: StateConfig }> {
  yield { path, state }
  for (const [name, child] of Object.entries(state.states ?? {})) {
    yield* statesIn(child, path === '' ? name : `${path}.${name}`)
  }
}

export function* candidatesIn(root: StateConfig): Generator<Candidates> {
  for (const { path, state } of statesIn(root)) {
    for (const [event, list] of Object.entries(state.on ?? {})) yield { path, state, event, list }
    for (const [delay, list] of Object.entries(state.after ?? {})) {
      yield { path, state, event: `after ${delay}`, list }
    }
    for (const { id, onDone, onError } of state.invoke ?? []) {
      if (onDone) yield { path, state, event: `${id} done`, list: onDone }
      if (onError) yield { path, state, event: `${id} failed`, list: onError }
    }
    if (state.always) yield { path, state, event: 'always', list: state.always }
  }
}

/** A machine of this configuration, with what the original is implemented by. */
export function machineOf(
  original: AnyStateMachine,
  config: StateConfig,
  implementations = {},
): AnyStateMachine {
  return createMachine(config as never, { ...original.implementations, ...implementations } as never)
}

export interface Machines {
  readonly tenant?: AnyStateMachine
  readonly link?: AnyStateMachine
}

/** Runs `work` with other machines in the place of the product's: whoever calls `.provide` gets theirs. */
export async function inPlaceOf<T>({ tenant, link }: Machines, work: () => Promise<T>): Promise<T> {
  const places: [AnyStateMachine, AnyStateMachine | undefined][] = [
    [tenantMachine as AnyStateMachine, tenant],
    [linkMachine as AnyStateMachine, link],
  ]
  for (const [place, machine] of places) {
    if (machine === undefined) continue
    const provide = (implementations: never) => machine.provide(implementations)
    Object.defineProperty(place, 'provide', { value: provide, configurable: true })
  }
  try {
    return await work()
  } finally {
    for (const [place] of places) Reflect.deleteProperty(place, 'provide')
  }
}

/** Results of one transition's guard. */
export class GuardRecord {
  readonly #seen = new Map<string, Set<boolean>>()

  /** The machine, with every guard of every transition noting what it says. */
  watching(machine: AnyStateMachine): AnyStateMachine {
    const config = configOf(machine)
    for (const { path, event, list } of candidatesIn(config)) {
      for (const [index, transition] of list.entries()) {
        if (transition.guard === undefined) continue
        const id = `${machine.id}:${path}|${event}|${index}`
        this.#seen.set(id, this.#seen.get(id) ?? new Set())
        transition.guard = this.#noting(id, transition.guard)
      }
    }
    return machineOf(machine, config)
  }

  get all(): string[] {
    return [...this.#seen.keys()]
  }

  /** Guards that have not said both. */
  get oneSided(): string[] {
    return [...this.#seen].filter(([, results]) => results.size < 2).map(([id]) => id)
  }

  #noting(id: string, guard: unknown): unknown {
    const inner = and([guard as never]) as unknown as { check: (...args: unknown[]) => boolean }
    const check = (snapshot: unknown, args: unknown) => {
      const result = inner.check(snapshot, args, inner)
      this.#seen.get(id)!.add(result)
      return result
    }
    return Object.assign(() => false, { check, guards: [guard] })
  }
}
