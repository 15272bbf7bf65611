/** The machines that there are pictures of. */
export const machineNames = ['tenant', 'link'] as const
export type MachineName = (typeof machineNames)[number]

/**
 * A statechart as data: what the machine's definition says, nothing of an actor. Everything in it is a name from the
 * code; it holds no secret. Ids are stable as long as the machine's shape is.
 */
export interface MachineChart {
  readonly name: MachineName
  /** What every state has in common, drawn as "in any state". Its id is `''`. */
  readonly root: ChartState
  /** All states but the root, parents before children, in the order of the code. */
  readonly states: readonly ChartState[]
  /** All transitions, in the order of the code. */
  readonly edges: readonly ChartEdge[]
  /** Guards that are made of others: name → what it is made of. */
  readonly guards: Readonly<Record<string, string>>
}

export interface ChartState {
  /** Path such as `connected.dirty.settling`. */
  readonly id: string
  readonly key: string
  /** Id of the state around it; `''` for the outermost, null for the root itself. */
  readonly parent: string | null
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** Id of the state that it starts in; null when it has none inside. */
  readonly initial: string | null
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  readonly actors: readonly ChartActor[]
  readonly delays: readonly ChartDelay[]
}

/** An actor that runs as long as the state is active. */
export interface ChartActor {
  readonly id: string
  /** Name of its logic; `backup` runs as `finalBackup` when a session closes. */
  readonly logic: string
  /** Ids of the edges that its end takes. */
  readonly done: readonly string[]
  readonly error: readonly string[]
}

export interface ChartDelay {
  readonly name: string
  /** Its default in milliseconds (machines/delays.ts); null for one that grows with the attempts. */
  readonly defaultMs: number | null
  /** For one that grows: its ceilings at the first try and at the last. */
  readonly grows: { readonly firstMs: number; readonly lastMs: number } | null
}

export type ChartTrigger =
  | { readonly kind: 'event'; readonly event: string }
  | { readonly kind: 'always' }
  | { readonly kind: 'after'; readonly delay: ChartDelay }
  | { readonly kind: 'done' | 'error'; readonly actor: string }
  /** The state's own end: a final state inside was reached. */
  | { readonly kind: 'complete' }

/**
 * - `leaves`: to another state.
 * - `enters`: to a state inside, without leaving the one it starts from.
 * - `restarts`: left and entered anew: timers and actors start again.
 * - `stays`: only actions.
 * - `ignores`: swallowed, so that nobody further out handles it.
 */
export type EdgeKind = 'leaves' | 'enters' | 'restarts' | 'stays' | 'ignores'

export interface ChartEdge {
  /** See `edgeIdOf`. */
  readonly id: string
  readonly source: string
  readonly trigger: ChartTrigger
  /** As text: a name, `not(…)`, `and(…)`, `or(…)`, `in(state)`; null for an edge that is always taken. */
  readonly guard: string | null
  readonly actions: readonly string[]
  /** Ids of states; empty when it stays. */
  readonly targets: readonly string[]
  readonly kind: EdgeKind
}
