import type { AnyTransitionDefinition } from 'xstate'

/** A transition as a state node holds it; those of `after` know their delay. */
export type Transition = AnyTransitionDefinition & { readonly delay?: string | number }

/** The event of a transition that needs none. */
const always = 'always'

/**
 * A transition's id: `machine:source|trigger|index among the candidates`, such as
 * `tenant:connected.clean|files.changed|0`, `tenant:connected.dirty|after:maxDirtyAge|0`,
 * `tenant:backing-up.uploading|done:backup|0`; the source of what holds in every state is `*`. It depends on the
 * machine's shape alone, so the definition that an actor took has the id that its chart has, whatever was provided.
 * @returns null for what is no transition between states: the step into the initial state
 */
export function edgeIdOf(transition: AnyTransitionDefinition): string | null {
  const { source, eventType } = transition
  const candidates = eventType === '' ? source.always : source.transitions.get(eventType)
  const index = candidates?.indexOf(transition) ?? -1
  if (index < 0) return null
  return `${source.machine.id}:${source.path.join('.') || '*'}|${triggerOf(transition)}|${index}`
}

/**
 * Ids of the transitions that one `@xstate.microstep` inspection event says were taken; empty when the event was
 * not handled. `_transitions` is XState's underscore API: of the package's code only this function reads it.
 */
export function edgesTaken(microstep: {
  readonly _transitions: readonly AnyTransitionDefinition[]
}): string[] {
  return microstep._transitions.map(edgeIdOf).filter((id) => id !== null)
}

function triggerOf({ eventType, delay, source }: Transition): string {
  if (eventType === '') return always
  if (delay !== undefined) return `after:${delay}`
  const [, end, of, name] = /^xstate\.(done|error)\.(actor|state)\.(.*)$/.exec(eventType) ?? []
  if (end === undefined) return eventType
  return of === 'actor' ? `${end}:${name}` : `${end}:${source.key}`
}
