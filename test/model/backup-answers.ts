import type { Flight, Ports, Told, World } from './port-model.js'

/** What becomes of an upload: stored and made the head, not stored, or stored when the lease had gone. */
export type Outcome = 'stored' | 'failed' | 'fenced'

/** What the first work that asks the store makes of the answer; the machine is told unless it has gone on. */
export function backupAnswers({ ports }: World, outcome: Outcome): Told {
  const [flight, ...waiting] = ports.flights
  if (flight === undefined) throw new Error('Nothing asks the store.')
  const lost = ports.lease !== 'held'
  const effect = outcome === 'stored' && lost ? 'fenced' : outcome
  const after: Partial<Ports> = {
    flights: waiting.map((next) => ({ ...next, covers: ports.position })),
    ...(outcome === 'fenced' ? { lease: 'stolen' as const } : {}),
    ...portsOf(flight, effect),
  }
  return flight.orphaned ? { ports: after } : { tenant: eventOf(flight, effect), ports: after }
}

function portsOf(flight: Flight, outcome: Outcome): Partial<Ports> {
  if (flight.actor === 'setAside') return {}
  if (flight.actor === 'wipe') return outcome === 'stored' ? { head: false } : {}
  return outcome === 'stored' ? { saved: flight.covers, head: true } : {}
}

function eventOf({ actor, covers, audit }: Flight, outcome: Outcome): { type: string } {
  if (outcome === 'stored') {
    const output =
      actor === 'backup' || actor === 'finalBackup' ? { covered: covers, audited: audit } : undefined
    return { type: `xstate.done.actor.${actor}`, output, actorId: actor } as never
  }
  const code = outcome === 'fenced' ? 'fenced' : 'unavailable'
  return { type: `xstate.error.actor.${actor}`, error: { code }, actorId: actor } as never
}
