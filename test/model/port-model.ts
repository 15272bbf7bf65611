import { Composed, type Effects, type Pair, pathOf } from './composed.js'
import type { Places, StepModel } from './graph.js'
import { clippedLink, clippedTenant, maxRetries, placesOf } from './machine-model.js'
import { portSteps } from './port-steps.js'

/** What a tenant finds at its start. */
export type Beginning = keyof typeof beginnings

/** Positions are those of the folder when it is opened. */
export const beginnings = {
  /** Nothing anywhere: it pairs. */
  nothing: { session: 'none', changeSeq: 0, savedSeq: 0, head: false, canBeFenced: false, depth: 8 },
  /** A session in the store and the registry, an empty disk. */
  elsewhere: { session: 'found', changeSeq: 0, savedSeq: 0, head: true, canBeFenced: false, depth: 7 },
  /** A session in the store, an empty disk, and a registry that has lost its rows. */
  registryLost: { session: 'found', changeSeq: 0, savedSeq: 0, head: true, canBeFenced: true, depth: 3 },
  /** A plain Baileys session on the disk that was never backed up. */
  neverSaved: { session: 'found', changeSeq: 1, savedSeq: 0, head: false, canBeFenced: false, depth: 4 },
} as const

/** Work that asks the store, one at a time; the first is under way. */
export interface Flight {
  readonly actor: 'backup' | 'finalBackup' | 'setAside' | 'wipe'
  /** Position of its capture. */
  readonly covers: number
  readonly audit: boolean
  /** The machine that asked has gone on without it. */
  readonly orphaned: boolean
}

/** What asks the registry or the store without being saved or deleted work. */
export type Asked = 'acquireLease' | 'restore' | 'release'

/** What is outside of the machines, as far as it decides what can happen. */
export interface Ports {
  readonly lease: 'none' | 'held' | 'stolen' | 'given up'
  /** The registry knows a head. */
  readonly head: boolean
  readonly folder: 'closed' | 'open' | 'sealed'
  readonly position: number
  readonly saved: number
  readonly flights: readonly Flight[]
  /** What the machine waits for. */
  readonly asking: Asked | null
  /** The same, after the machine has gone on without it. */
  readonly late: readonly Asked[]
  /** A connection exists. */
  readonly connected: boolean
  /** There has been a connection: its code may write key files until they are sealed. */
  readonly writer: boolean
  /** Position that the next connection waits for; null when none waits. */
  readonly barrier: number | null
}

export interface World extends Pair {
  readonly ports: Ports
}

/** One step of the model: what the machines are told, and what becomes of the ports. */
export interface Told {
  readonly tenant?: { type: string }
  readonly link?: { type: string }
  readonly breaksLink?: boolean
  readonly ports?: Partial<Ports>
}

const atStart: Ports = {
  lease: 'none',
  head: false,
  folder: 'closed',
  position: 0,
  saved: 0,
  flights: [],
  asking: 'acquireLease',
  late: [],
  connected: false,
  writer: false,
  barrier: null,
}

/** The machines inside of the real supervisor: what its actors do with what store, registry and WhatsApp answer. */
export class PortModel implements StepModel<World> {
  readonly beginning: Beginning
  readonly #composed: Composed
  #effects: Effects = { taken: [], invoked: [], commands: [], told: [], scheduled: [] }

  constructor(beginning: Beginning, { mayPair = true } = {}) {
    this.beginning = beginning
    this.#composed = new Composed({ tenantId: 'tenant', mayPair }, { maxRetries })
  }

  start(): World {
    return { ...this.#composed.start().pair, ports: { ...atStart, head: beginnings[this.beginning].head } }
  }

  stepsFrom(world: World): string[] {
    if (world.tenant.status !== 'active') return []
    return [...portSteps].filter(([, step]) => step.enabled(world, this.beginning)).map(([name]) => name)
  }

  apply(world: World, name: string): { state: World; effects: Effects } {
    this.#effects = { taken: [], invoked: [], commands: [], told: [], scheduled: [] }
    const step = portSteps.get(name)
    if (step === undefined) throw new Error(`There is no step "${name}".`)
    let next = this.#tell(world, step.tell(world, this.beginning))
    for (let more = followUp(next); more !== null; more = followUp(next)) next = this.#tell(next, more)
    return { state: next, effects: this.#effects }
  }

  placesOf(world: World): Places {
    const { tenant, link } = placesOf(world)
    // What is left behind by an end may answer later, and must change nothing.
    const isLeft = world.ports.late.length > 0 || world.ports.flights.some(({ orphaned }) => orphaned)
    return { tenant: isLeft ? `${tenant}, with work left behind` : tenant, link }
  }

  keyOf(world: World): string {
    const { lease, head, folder, flights, asking, late, connected, writer, barrier, position, saved } =
      world.ports
    const { urgentSeq } = world.tenant.context
    const asked = flights.map(({ actor, covers, orphaned }) => {
      return [actor, covers === position, covers >= urgentSeq, orphaned]
    })
    const ports = [
      lease,
      head,
      folder,
      asked,
      asking,
      late,
      connected,
      writer,
      barrier !== null,
      position > saved,
    ]
    return JSON.stringify([placesOf(world), clippedTenant(world), clippedLink(world), world.timers, ports])
  }

  #tell(world: World, told: Told): World {
    let { ports, ...pair } = { ...world, ports: { ...world.ports, ...told.ports } }
    const positionAsked = pair.tenant.context.urgentSeq
    const results: Effects[] = []
    const apply = ({ pair: next, effects }: { pair: Pair; effects: Effects }) => {
      pair = next
      results.push(effects)
    }
    if (told.tenant) apply(this.#composed.toTenant(pair, told.tenant))
    if (told.link) apply(this.#composed.toLink(pair, told.link))
    if (told.breaksLink) apply(this.#composed.breakLink(pair))
    for (const effects of results) {
      // Told before there is a connection, it is the connection's actor that answers.
      this.#keep(world.ports.connected ? effects : { ...effects, commands: [] })
      ports = portsAfter(ports, pair, effects, positionAsked)
    }
    return { ...pair, ports }
  }

  #keep({ taken, invoked, commands, told, scheduled }: Effects): void {
    this.#effects.taken.push(...taken)
    ;(this.#effects.invoked as unknown[]).push(...invoked)
    this.#effects.commands.push(...commands)
    this.#effects.told.push(...told)
    ;(this.#effects.scheduled as unknown[]).push(...scheduled)
  }
}

/** What the machines' orders make of the ports: sockets that are asked for or ended, work that is begun or left. */
function portsAfter(before: Ports, pair: Pair, { invoked }: Effects, positionAsked: number): Ports {
  let ports = lateIfLeft(before, pair)
  const linkPath = pair.link && pathOf(pair.link.value)
  for (const { id, input } of invoked) {
    if (id === 'socket') ports = { ...ports, connected: false, barrier: positionAsked }
    if (id === 'backup' || id === 'finalBackup' || id === 'setAside' || id === 'wipe') {
      const audit = (input as { audit?: boolean }).audit ?? false
      const flight: Flight = { actor: id, covers: ports.position, audit, orphaned: false }
      ports = { ...ports, flights: [...ports.flights, flight] }
    }
    if (id === 'acquireLease' || id === 'restore') ports = { ...ports, asking: id }
    if (id === 'release') {
      ports = { ...ports, folder: 'closed', asking: ports.lease === 'none' ? ports.asking : 'release' }
    }
  }
  if (!linkPath?.startsWith('online')) ports = { ...ports, connected: false, barrier: null }
  const flights = ports.flights.map((flight) => ({
    ...flight,
    orphaned: flight.orphaned || !(flight.actor in pair.tenant.children),
  }))
  return { ...ports, flights }
}

function lateIfLeft(ports: Ports, { tenant }: Pair): Ports {
  const { asking, late } = ports
  const isLeft = asking !== null && (tenant.status !== 'active' || !(asking in tenant.children))
  return isLeft ? { ...ports, asking: null, late: [...late, asking] } : ports
}

/** What happens by itself, without an answer from outside; null when nothing does. */
function followUp(world: World): Told | null {
  const { tenant, link, ports } = world
  if (tenant.status !== 'active') return null
  const done = (id: string, output?: unknown) => ({ type: `xstate.done.actor.${id}`, output, actorId: id })
  if (
    link &&
    pathOf(link.value) === 'online.queued' &&
    ports.barrier !== null &&
    ports.barrier <= ports.saved
  ) {
    const made = { connected: true, writer: true, barrier: null }
    return { link: { type: 'socket.made' }, ports: made }
  }
  if (link && pathOf(link.value) === 'online.stopping' && !ports.connected) {
    return { link: { type: 'socket.closed', code: 428, codesEnded: false } as never }
  }
  if ('sealFiles' in tenant.children) {
    const folder = ports.folder === 'open' ? 'sealed' : ports.folder
    return { tenant: done('sealFiles'), ports: { folder } }
  }
  if ('abandon' in tenant.children) {
    const lease = ports.lease === 'held' ? 'given up' : ports.lease
    return { tenant: done('abandon'), ports: { folder: 'closed', lease } }
  }
  if ('release' in tenant.children && ports.lease === 'none') return { tenant: done('release') }
  return flightFollowUp(world, done)
}

type Done = (id: string, output?: unknown) => { type: string }

/** Work that need ask nobody: nothing is unsaved, nothing is to be marked, nothing is ours. */
function flightFollowUp({ ports }: World, done: Done): Told | null {
  const [flight, ...rest] = ports.flights
  if (flight === undefined) return null
  const ends = flight.actor === 'wipe' || flight.actor === 'setAside'
  if (ends && ports.folder !== 'closed') return { ports: { folder: 'closed' } }
  if (flight.actor === 'wipe') {
    if (ports.lease === 'held') return null
    const error = { type: 'xstate.error.actor.wipe', error: { code: 'fenced' }, actorId: 'wipe' }
    // Asked for, the lease turns out to be another's, and is forgotten.
    return { ports: { flights: rest, lease: 'none' }, ...(flight.orphaned ? {} : { tenant: error }) }
  }
  if (flight.actor === 'setAside') {
    if (ports.head) return null
    return { ports: { flights: rest }, ...(flight.orphaned ? {} : { tenant: done('setAside') }) }
  }
  if (ports.position > ports.saved) return null
  const output = { covered: ports.position, audited: flight.audit }
  return { ports: { flights: rest }, ...(flight.orphaned ? {} : { tenant: done(flight.actor, output) }) }
}
