import {
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  fromCallback,
  type InspectionEvent,
  SimulatedClock,
} from 'xstate'
import { edgeIdOf, edgesTaken } from '../../src/visualizer/index.js'

const silent = fromCallback(() => {})

/** A tenant that pairs has to do this and nothing else: chance alone hardly ever gets there. */
const intoPairing = [
  'xstate.done.actor.acquireLease',
  'xstate.done.actor.restore',
  'link.code',
  'link.connecting',
]

/** An urgent change that comes while another is backed up: two steps that chance alone takes too rarely. */
const urgentMeanwhile = [
  { type: 'files.changed', position: 1, urgent: true },
  { type: 'files.changed', position: 2, urgent: true },
  { type: 'xstate.done.actor.backup', output: { covered: 1, audited: true } },
]

/**
 * Events by the hundred to an actor of the machine, whose own actors do nothing; rather such as may take an edge that
 * is not in `taken` yet. The edges that it takes are added there.
 */
export function walk(machine: AnyStateMachine, input: object, seed: number, taken: Set<string>): void {
  const random = randomOf(seed)
  const names = Object.keys(machine.implementations.actors)
  const quiet = machine.provide({ actors: Object.fromEntries(names.map((name) => [name, silent])) } as never)
  // A link tells its tenant; this one listens to nothing.
  const parent = createActor(silent, { clock: new SimulatedClock() })
  const actor = createActor(quiet, { input, parent } as never)
  actor.system.inspect((event: InspectionEvent) => {
    if (event.type === '@xstate.microstep' && event.actorRef === actor)
      for (const id of edgesTaken(event)) taken.add(id)
  })
  actor.subscribe({ error: () => {} })
  actor.start()
  if (seed % 3 === 0) for (const type of intoPairing) actor.send(filled(type, random, 0) as never)
  if (seed % 9 === 0) for (const event of urgentMeanwhile) actor.send(event as never)
  for (let step = 0; step < 60 && actor.getSnapshot().status === 'active'; step += 1) {
    const types = handledBy(actor.getSnapshot()._nodes)
    const calm = types.filter((type) => !/stop|logout|lost|xstate\.error\.actor\.link/.test(type))
    const fresh = types.filter((type) => hasUntaken(actor.getSnapshot()._nodes, type, taken))
    if (fresh.length > 0 && random() < 0.3) {
      actor.send(filled(fresh[Math.floor(random() * fresh.length)]!, random, step) as never)
      continue
    }
    const ends = calm.filter((type) => /^xstate\.(done\.actor\.(?!link)|after)/.test(type))
    const usual = ends.length > 0 && random() < 0.3 ? ends : calm
    const from = random() < 0.05 || usual.length === 0 ? types : usual
    actor.send(filled(from[Math.floor(random() * from.length)]!, random, step) as never)
  }
  // Nothing is left of it: its clock is simulated, its actors hold nothing.
}

function handledBy(nodes: readonly AnyStateNode[]): string[] {
  return [...new Set(nodes.flatMap(({ transitions }) => [...transitions.keys()]))]
}

function hasUntaken(nodes: readonly AnyStateNode[], type: string, taken: ReadonlySet<string>): boolean {
  const candidates = nodes.flatMap(({ transitions, always = [] }) => [
    ...(transitions.get(type) ?? []),
    // Those that need no event are taken when a change makes their guards true.
    ...(type === 'files.changed' ? always : []),
  ])
  return candidates.some((candidate) => !taken.has(edgeIdOf(candidate)!))
}

/** The event with everything that any transition looks at. */
function filled(type: string, random: () => number, position: number): object {
  const pick = <Item>(...items: Item[]) => items[Math.floor(random() * items.length)]
  return {
    type,
    position: position + 1,
    urgent: random() < 0.3,
    audit: random() < 0.5,
    kind: 'qr',
    reason: pick('loggedOut', 'failed', 'unlinked'),
    error: { code: pick('fenced', 'unavailable') },
    output: {
      epoch: 1,
      session: pick('found', 'none'),
      changeSeq: 0,
      savedSeq: 0,
      covered: pick(position, 0),
      audited: random() < 0.5,
    },
    code: pick(401, 408, 428, 440, 515),
    codesEnded: random() < 0.2,
  }
}

/** Mulberry32: the same walks every time. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
