import { describe, expect, it } from 'vitest'
import { type AnyStateNode, createActor, fromPromise, SimulatedClock } from 'xstate'
import {
  type BackupInput,
  type BackupOutput,
  type CloseReason,
  type LinkEnd,
  type RestoreInput,
  type RestoreOutput,
  type TenantContext,
  type TenantEvent,
  tenantMachine,
} from '../../machines/index.js'
import { exploreTenant, leavesOf, pathOf } from './explore.js'

const ends: LinkEnd[] = ['loggedOut', 'replaced']

function eventsFor({ changeSeq, link }: TenantContext) {
  const done = (id: string, output: unknown) => ({ type: `xstate.done.actor.${id}`, output })
  const failed = (id: string, code: string) => ({ type: `xstate.error.actor.${id}`, error: { code } })
  const after = (delay: string, path: string) => ({ type: `xstate.after.${delay}.tenant.${path}` })
  const events: { type: string }[] = [
    { type: 'files.changed', position: changeSeq + 1, urgent: false } as TenantEvent,
    { type: 'files.changed', position: changeSeq + 1, urgent: true } as TenantEvent,
    { type: 'audit.due' },
    { type: 'session.backup', audit: false } as TenantEvent,
    { type: 'session.stop' },
    { type: 'session.logout' },
    { type: 'lease.lost' },
    { type: 'link.connecting' },
    { type: 'link.code', kind: 'qr' } as TenantEvent,
    { type: 'link.open' },
    { type: 'link.waiting' },
    ...ends.map((reason) => ({ type: 'link.ended', reason })),
    done('acquireLease', { epoch: 1 }),
    failed('acquireLease', 'leased'),
    done('restore', { session: 'found', changeSeq: 0, savedSeq: 0 }),
    done('restore', { session: 'none', changeSeq: 0, savedSeq: 0 }),
    failed('restore', 'undecided'),
    failed('restore', 'fenced'),
  ]
  for (const id of ['backup', 'finalBackup']) {
    events.push(
      done(id, { covered: changeSeq, audited: true }),
      failed(id, 'unavailable'),
      failed(id, 'fenced'),
    )
  }
  for (const id of ['sealFiles', 'setAside', 'wipe', 'release', 'abandon'])
    events.push(done(id, undefined), failed(id, 'unavailable'))
  events.push(
    after('maxDirtyAge', 'restoring.opening.dirty'),
    after('backoff', 'restoring.waiting'),
    after('pairingTimeout', 'pairing'),
    after('maxDirtyAge', 'pairing.restarting'),
    after('maxDirtyAge', 'connected.dirty'),
    after('quietPeriod', 'connected.dirty.settling'),
    after('backoff', 'backing-up.waiting'),
    after('closeDeadline', 'closing'),
    after('unlinkLimit', 'closing.loggingOut'),
    after('backoff', 'closing.flushing.waiting'),
    after('releaseLimit', 'closing.releasing'),
    after('releaseLimit', 'closing.abandoning'),
  )
  // Its last word is that it has ended.
  return link === 'ended' ? events.filter(({ type }) => !type.startsWith('link.')) : events
}

const configurations = exploreTenant({ tenantId: 'tenant', mayPair: true }, eventsFor)

describe('the tenant machine', () => {
  it('has the five states and the final one', () => {
    expect(Object.keys(tenantMachine.root.states)).toEqual([
      'restoring',
      'pairing',
      'connected',
      'backing-up',
      'closing',
      'closed',
    ])
  })

  it('reaches every state that is not only passed through', () => {
    const reached = new Set([...configurations.values()].map(({ path }) => path))
    const leaves = leavesOf(tenantMachine.root as AnyStateNode)
    const passedThrough = ['connected.checking', 'backing-up.resuming', 'closing.flushing.checking']
    expect(leaves.filter((leaf) => !reached.has(leaf)).sort()).toEqual(passedThrough.sort())
  })

  it('can reach closed from everywhere', () => {
    const before = new Map<string, string[]>()
    for (const [key, { next }] of configurations) {
      for (const target of next) before.set(target, [...(before.get(target) ?? []), key])
    }
    const open = [...configurations].filter(([, { path }]) => path === 'closed').map(([key]) => key)
    const reaching = new Set(open)
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      for (const earlier of before.get(key) ?? []) {
        if (reaching.has(earlier)) continue
        reaching.add(earlier)
        open.push(earlier)
      }
    }
    expect(configurations.size).toBeGreaterThan(200)
    expect([...configurations.keys()].filter((key) => !reaching.has(key))).toEqual([])
  })

  it('never shows a code where a session exists', () => {
    const wrong = [...configurations.values()].filter(
      ({ path, context }) => path === 'pairing.showingCode' && context.hasSession,
    )
    expect(wrong).toEqual([])
  })
})

describe('placeholders', () => {
  it('fail loudly: a tenant without real actors waits with an error, and never pairs', async () => {
    const actor = createActor(tenantMachine, {
      input: { tenantId: 'tenant', mayPair: true },
      clock: new SimulatedClock(),
    })
    actor.start()
    await expect.poll(() => pathOf(actor.getSnapshot().value)).toBe('restoring.waiting')
    expect(actor.getSnapshot().context.lastError).toBe('unknown')
    actor.stop()
  })
})

describe('a change that arrives while a backup runs', () => {
  it('is in the next one', async () => {
    const clock = new SimulatedClock()
    const covered: number[] = []
    const machine = tenantMachine.provide({
      actors: {
        acquireLease: fromPromise(async () => ({ epoch: 1 })),
        restore: fromPromise<RestoreOutput, RestoreInput>(async () => ({
          session: 'found',
          changeSeq: 0,
          savedSeq: 0,
        })),
        backup: fromPromise<BackupOutput, BackupInput>(async () => {
          const position = actor.getSnapshot().context.changeSeq
          if (position === 1) actor.send({ type: 'files.changed', position: 2, urgent: false })
          covered.push(position)
          return { covered: position, audited: false }
        }),
      },
    })
    const actor = createActor(machine, { input: { tenantId: 'tenant', mayPair: false }, clock })
    actor.subscribe({ error: () => {} })
    actor.start()
    await expect.poll(() => pathOf(actor.getSnapshot().value)).toBe('restoring.opening.clean')
    actor.send({ type: 'link.open' })
    actor.send({ type: 'files.changed', position: 1, urgent: false })
    clock.increment(250)
    await expect.poll(() => covered.length).toBe(1)
    await expect.poll(() => pathOf(actor.getSnapshot().value)).toBe('connected.dirty.settling')
    clock.increment(250)
    await expect.poll(() => pathOf(actor.getSnapshot().value)).toBe('connected.clean')
    expect(covered).toEqual([1, 2])
    actor.stop()
  })
})

describe('a backup that succeeds and covers less than was known when it was asked for', () => {
  /** Ready, with one change; every backup says that it covers `covered()`. More than 20 are a circle, which is cut. */
  async function shortBackups(covered: () => number) {
    const clock = new SimulatedClock()
    const asked: string[] = []
    const machine = tenantMachine.provide({
      actors: {
        acquireLease: fromPromise(async () => ({ epoch: 1 })),
        restore: fromPromise<RestoreOutput, RestoreInput>(async () => ({
          session: 'found',
          changeSeq: 0,
          savedSeq: 0,
        })),
        backup: fromPromise<BackupOutput, BackupInput>(async ({ input: { priority } }) => {
          if (asked.push(priority) > 20) await new Promise(() => {})
          return { covered: covered(), audited: false }
        }),
        sealFiles: fromPromise(async () => {}),
        release: fromPromise(async () => {}),
      },
    })
    const actor = createActor(machine, { input: { tenantId: 'tenant', mayPair: false }, clock })
    actor.start()
    await expect.poll(() => pathOf(actor.getSnapshot().value)).toBe('restoring.opening.clean')
    actor.send({ type: 'link.open' })
    const state = () => pathOf(actor.getSnapshot().value)
    return { actor, clock, asked, state }
  }

  it('is not asked for again at once, however urgent, but after a backoff, and shows as a defect', async () => {
    const { actor, clock, asked, state } = await shortBackups(() => 0)
    actor.send({ type: 'files.changed', position: 1, urgent: true })
    await expect.poll(state).toBe('backing-up.waiting')
    expect(asked).toEqual(['urgent'])
    expect(actor.getSnapshot().context).toMatchObject({ savedSeq: 0, lastError: 'internal', attempt: 1 })
    clock.increment(1_000)
    await expect.poll(() => asked.length).toBe(2)
    actor.stop()
  })

  it('at the end is tried until the deadline, and what is unprotected is said', async () => {
    const { actor, clock, asked, state } = await shortBackups(() => 1)
    actor.send({ type: 'files.changed', position: 3, urgent: false })
    actor.send({ type: 'session.stop' })
    actor.send({ type: 'link.ended', reason: 'stopped' })
    await expect.poll(state).toBe('closing.flushing.waiting')
    expect(asked).toEqual(['closing'])
    for (let second = 0; second < 8; second++) {
      expect(actor.getSnapshot().status).toBe('active')
      clock.increment(1_000)
      await new Promise(setImmediate)
    }
    await expect.poll(() => actor.getSnapshot().status).toBe('done')
    expect(asked.length).toBeLessThan(10)
    expect(actor.getSnapshot().output).toEqual({ reason: 'stopped', unsaved: 3, lastError: 'internal' })
  })

  it('at the end is asked for again at once when it only lacks what came after it was asked for', async () => {
    let left = 5
    const { actor, asked } = await shortBackups(() => {
      const position = actor.getSnapshot().context.changeSeq
      if (left-- > 0) actor.send({ type: 'files.changed', position: position + 1, urgent: false })
      return position
    })
    actor.send({ type: 'files.changed', position: 1, urgent: false })
    actor.send({ type: 'session.stop' })
    actor.send({ type: 'link.ended', reason: 'stopped' })
    await expect.poll(() => actor.getSnapshot().status).toBe('done')
    expect(asked).toHaveLength(6)
    expect(actor.getSnapshot().output).toEqual({ reason: 'stopped', unsaved: 0, lastError: null })
  })
})

describe('why a session ends', () => {
  it.each<[LinkEnd, CloseReason]>([
    ['loggedOut', 'loggedOut'],
    ['replaced', 'replaced'],
    ['banned', 'banned'],
    ['pairingExpired', 'pairingExpired'],
  ])('%s is told', async (end, reason) => {
    const machine = tenantMachine.provide({
      actors: {
        acquireLease: fromPromise(async () => ({ epoch: 1 })),
        restore: fromPromise<RestoreOutput, RestoreInput>(async () => ({
          session: 'found',
          changeSeq: 0,
          savedSeq: 0,
        })),
        sealFiles: fromPromise(async () => {}),
        setAside: fromPromise(async () => {}),
        release: fromPromise(async () => {}),
      },
    })
    const actor = createActor(machine, {
      input: { tenantId: 'tenant', mayPair: false },
      clock: new SimulatedClock(),
    })
    actor.start()
    await expect.poll(() => pathOf(actor.getSnapshot().value)).toBe('restoring.opening.clean')
    actor.send({ type: 'link.ended', reason: end })
    await expect.poll(() => actor.getSnapshot().status).toBe('done')
    expect(actor.getSnapshot().output).toMatchObject({ reason, unsaved: 0 })
  })
})
