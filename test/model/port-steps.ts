import { backupAnswers, type Outcome } from './backup-answers.js'
import { pathOf } from './composed.js'
import { machineSteps } from './machine-steps.js'
import { type Beginning, beginnings, type Ports, type Told, type World } from './port-model.js'

/** One thing that the world outside of the supervisor can do. */
export interface PortStep {
  readonly enabled: (world: World, beginning: Beginning) => boolean
  readonly tell: (world: World, beginning: Beginning) => Told
}

const steps = new Map<string, PortStep>()

/** Every step by its name. */
export const portSteps: ReadonlyMap<string, PortStep> = steps

const running = (id: string) => (world: World) => id in world.tenant.children

function step(
  name: string,
  enabled: (world: World, beginning: Beginning) => boolean,
  tell: (world: World, beginning: Beginning) => Told,
): void {
  steps.set(name, { enabled, tell })
}

const failed = (id: string, code: string) => ({
  type: `xstate.error.actor.${id}`,
  error: { code },
  actorId: id,
})
const done = (id: string, output?: unknown) => ({ type: `xstate.done.actor.${id}`, output, actorId: id })

function registry(): void {
  step('the registry gives the lease', running('acquireLease'), ({ tenant }) => ({
    tenant: done('acquireLease', { epoch: tenant.context.epoch + 1 }),
    ports: { lease: 'held', asking: null },
  }))
  step('another owner has the lease', running('acquireLease'), () => ({
    tenant: failed('acquireLease', 'leased'),
    ports: { lease: 'none', asking: null },
  }))
  step('the registry does not answer', running('acquireLease'), () => ({
    tenant: failed('acquireLease', 'unavailable'),
    ports: { asking: null },
  }))
  const releasing = (world: World) =>
    running('release')(world) && world.ports.lease !== 'none' && !world.ports.late.includes('acquireLease')
  step('the registry takes the lease back', releasing, () => ({
    tenant: done('release'),
    ports: { lease: 'given up', asking: null },
  }))
  step('the registry does not take the lease back', releasing, () => ({
    tenant: failed('release', 'unavailable'),
    ports: { lease: 'given up', asking: null },
  }))
  step(
    'another owner takes over',
    ({ ports, tenant }) => ports.lease === 'held' && !('release' in tenant.children),
    () => ({ tenant: { type: 'lease.lost' }, ports: { lease: 'stolen' } }),
  )
}

/** Answers that nobody waits for: they change nothing. */
function late(): void {
  for (const [what, name] of [
    ['acquireLease', 'the registry gives the lease too late'],
    ['restore', 'the store answers too late'],
  ] as const) {
    step(
      name,
      ({ ports }) => ports.late.includes(what),
      ({ ports }) => ({ ports: { late: ports.late.filter((each) => each !== what) } }),
    )
  }
}

function restoring(): void {
  step('the store answers', running('restore'), (_world, beginning) => {
    const { session, changeSeq, savedSeq } = beginnings[beginning]
    const opened = { asking: null, folder: 'open', position: changeSeq, saved: savedSeq } as const
    return { tenant: done('restore', { session, changeSeq, savedSeq }), ports: opened }
  })
  step(
    'the store does not answer',
    (world, beginning) => running('restore')(world) && beginning !== 'neverSaved',
    (_world, beginning) => ({
      tenant: failed('restore', beginning === 'elsewhere' ? 'unavailable' : 'undecided'),
      ports: { asking: null },
    }),
  )
  step(
    'the store answers when another owner has taken over',
    (world, beginning) => running('restore')(world) && beginnings[beginning].canBeFenced,
    () => ({ tenant: failed('restore', 'fenced'), ports: { lease: 'stolen', asking: null } }),
  )
}

function saving(): void {
  const asked = ({ ports }: World) => ports.flights.length > 0 && !ports.late.includes('restore')
  const answer = (name: string, outcome: Outcome, enabled = asked) =>
    step(name, enabled, (world) => backupAnswers(world, outcome))
  answer('the upload is answered', 'stored')
  answer('the upload fails', 'failed')
  answer(
    'the upload is answered when another owner has taken over',
    'fenced',
    (world) => asked(world) && world.ports.flights[0]!.actor !== 'wipe' && world.ports.lease === 'held',
  )
}

function callers(): void {
  const writable = ({ ports }: World) => ports.folder === 'open' && ports.writer
  for (const urgent of [false, true]) {
    step(urgent ? 'a file is written, urgently' : 'a file is written', writable, ({ ports }) => ({
      tenant: { type: 'files.changed', position: ports.position + 1, urgent } as never,
      ports: { position: ports.position + 1 },
    }))
  }
  const unsaved = ({ ports }: World) => ports.folder !== 'closed' && ports.position > ports.saved
  step('a backup is asked for', unsaved, () => ({
    tenant: { type: 'session.backup', audit: false } as never,
  }))
  step(
    'an audit is asked for',
    () => true,
    () => ({ tenant: { type: 'session.backup', audit: true } as never }),
  )
  step(
    'stop',
    () => true,
    () => ({ tenant: { type: 'session.stop' } }),
  )
  step(
    'logout',
    () => true,
    () => ({ tenant: { type: 'session.logout' } }),
  )
}

/** Timers, and what WhatsApp does to a connection: as without the supervisor. */
function shared(): void {
  for (const [name, { to, enabled, event }] of machineSteps) {
    const isTimer = name.startsWith('after ') || name === 'the audit is due'
    const isWhatsApps = /WhatsApp|socket closes|nobody used/.test(name)
    if (isTimer) step(name, enabled, (world) => ({ [to]: event(world) }))
    if (isWhatsApps) {
      step(
        name,
        (world) => world.ports.connected && enabled(world),
        (world) => ({ link: event(world), ports: closesBy(name) }),
      )
    }
  }
  step(
    'the link breaks',
    (world) => world.ports.connected && machineSteps.get('the link breaks')!.enabled(world),
    () => ({ breaksLink: true, ports: { connected: false } }),
  )
  step(
    'the barrier is waited for no longer',
    ({ ports, link }) => ports.barrier !== null && link !== null && pathOf(link.value) === 'online.queued',
    () => ({ link: { type: 'socket.made' }, ports: { connected: true, writer: true, barrier: null } }),
  )
}

function closesBy(name: string): Partial<Ports> {
  return /closes|nobody used/.test(name) ? { connected: false } : {}
}

registry()
late()
restoring()
saving()
callers()
shared()
