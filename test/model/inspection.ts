import type { AnyActorRef, AnyTransitionDefinition, InspectionEvent } from 'xstate'

/**
 * The one file that knows XState's underscore API: which transitions a microstep took (`_transitions`), and which
 * timers an actor system has set (`_scheduledEvents`).
 */

/** What a microstep took, and in which actor. Nothing taken: the event was not handled. */
export interface Taken {
  readonly actor: AnyActorRef
  readonly transitions: readonly AnyTransitionDefinition[]
}

/** The microstep that an inspection event tells of, or null. */
export function takenBy(event: InspectionEvent): Taken | null {
  if (event.type !== '@xstate.microstep') return null
  return { actor: event.actorRef as AnyActorRef, transitions: event._transitions }
}

/** One delayed event that is still to come. */
export interface ScheduledEvent {
  /** Session id of the actor that will get it. */
  readonly source: string
  /** For an `after`: its event type; for a delayed raise: its id. */
  readonly id: string
  readonly delayMs: number
}

export function scheduledEvents(actor: AnyActorRef): ScheduledEvent[] {
  const { _scheduledEvents } = actor.system.getSnapshot()
  return Object.values(_scheduledEvents).map(({ source, id, delay }) => ({
    source: source.sessionId,
    id,
    delayMs: delay,
  }))
}
