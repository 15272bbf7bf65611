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

/** An `@xstate.microstep` inspection event. `_transitions` is XState's underscore API: only this file reads it. */
interface Microstep {
  readonly _transitions: readonly AnyTransitionDefinition[]
}

/** Ids of the transitions that were taken, as they are in the machine's chart; empty when the event was not handled. */
export function edgesTaken(microstep: Microstep): string[] {
  return microstep._transitions.map(edgeIdOf).filter((id) => id !== null)
}

export function wasHandled(microstep: Microstep): boolean {
  return microstep._transitions.length > 0
}

function triggerOf({ eventType, delay, source }: Transition): string {
  if (eventType === '') return always
  if (delay !== undefined) return `after:${delay}`
  const [, end, of, name] = /^xstate\.(done|error)\.(actor|state)\.(.*)$/.exec(eventType) ?? []
  if (end === undefined) return eventType
  return of === 'actor' ? `${end}:${name}` : `${end}:${source.key}`
}
