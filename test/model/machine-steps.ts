import type { TenantContext } from '../../machines/index.js'
import { type Pair, pathOf } from './composed.js'

/** One thing that can happen to the machines, by the actors, the clock, a caller or WhatsApp. */
export interface MachineStep {
  readonly to: 'tenant' | 'link' | 'breakLink'
  readonly enabled: (pair: Pair) => boolean
  readonly event: (pair: Pair) => { type: string }
}

const steps = new Map<string, MachineStep>()

/** Every step by its name. */
export const machineSteps: ReadonlyMap<string, MachineStep> = steps

/** Names of the steps that can happen now. */
export function stepsFrom(pair: Pair): string[] {
  if (pair.tenant.status !== 'active') return []
  return [...steps].filter(([, step]) => step.enabled(pair)).map(([name]) => name)
}

const running = (id: string) => (pair: Pair) => id in pair.tenant.children
const isSet = (timer: string) => (pair: Pair) => pair.timers.includes(timer)
const linkIsIn = (path: string) => (pair: Pair) =>
  pair.link !== null && startsWithPath(pathOf(pair.link.value), path)

function startsWithPath(path: string, start: string): boolean {
  return path === start || path.startsWith(`${start}.`)
}

function done(id: string, how: string, output: (context: TenantContext) => unknown, when = always): void {
  steps.set(`${id} done${how}`, {
    to: 'tenant',
    enabled: (pair) => running(id)(pair) && when(pair),
    event: ({ tenant }) => ({
      type: `xstate.done.actor.${id}`,
      output: output(tenant.context),
      actorId: id,
    }),
  })
}

function always(_pair: Pair): boolean {
  return true
}

function failed(id: string, code: string): void {
  const event = { type: `xstate.error.actor.${id}`, error: { code }, actorId: id }
  steps.set(`${id} failed ${code}`, { to: 'tenant', enabled: running(id), event: () => event })
}

function after(delay: string, path: string): void {
  const event = { type: `xstate.after.${delay}.tenant.${path}` }
  steps.set(`after ${delay} in ${path}`, { to: 'tenant', enabled: isSet(event.type), event: () => event })
}

function linkAfter(delay: string, path: string): void {
  const event = { type: `xstate.after.${delay}.link.${path}` }
  steps.set(`after ${delay} in link ${path}`, { to: 'link', enabled: isSet(event.type), event: () => event })
}

function told(name: string, event: (context: TenantContext) => { type: string }): void {
  steps.set(name, { to: 'tenant', enabled: always, event: ({ tenant }) => event(tenant.context) })
}

function socket(name: string, event: object, path = 'online'): void {
  steps.set(name, { to: 'link', enabled: linkIsIn(path), event: () => event as { type: string } })
}

const isDirty = ({ tenant: { context } }: Pair) => context.changeSeq > context.savedSeq

function actors(): void {
  done('acquireLease', '', ({ epoch }) => ({ epoch: epoch + 1 }))
  failed('acquireLease', 'leased')
  failed('acquireLease', 'unavailable')
  done('restore', ' with a session', () => ({ session: 'found', changeSeq: 3, savedSeq: 3 }))
  done('restore', ' with unsaved changes', () => ({ session: 'found', changeSeq: 3, savedSeq: 0 }))
  done('restore', ' with nothing', () => ({ session: 'none', changeSeq: 0, savedSeq: 0 }))
  failed('restore', 'undecided')
  failed('restore', 'fenced')
  for (const id of ['backup', 'finalBackup']) {
    const audited = ({ auditDue }: TenantContext) => auditDue && id === 'backup'
    done(id, '', (context) => ({ covered: context.changeSeq, audited: audited(context) }))
    done(id, ' without the last change', (context) => partial(context, audited(context)), isDirty)
    failed(id, 'unavailable')
    failed(id, 'fenced')
  }
  done(
    'backup',
    ' before the audit was asked for',
    ({ changeSeq }) => ({ covered: changeSeq, audited: false }),
    ({ tenant }) => tenant.context.auditDue,
  )
  for (const id of ['sealFiles', 'setAside', 'wipe', 'release', 'abandon']) {
    done(id, '', () => undefined)
    failed(id, 'unavailable')
  }
}

/** The newest change came when the backup had been captured. */
function partial({ changeSeq, savedSeq }: TenantContext, audited: boolean) {
  return { covered: Math.max(savedSeq, changeSeq - 1), audited }
}

function delays(): void {
  after('maxDirtyAge', 'restoring.opening.dirty')
  after('backoff', 'restoring.waiting')
  after('pairingTimeout', 'pairing')
  after('maxDirtyAge', 'pairing.restarting')
  after('maxDirtyAge', 'connected.dirty')
  after('quietPeriod', 'connected.dirty.settling')
  after('backoff', 'backing-up.waiting')
  after('closeDeadline', 'closing')
  after('unlinkLimit', 'closing.loggingOut')
  after('backoff', 'closing.flushing.waiting')
  after('releaseLimit', 'closing.releasing')
  after('releaseLimit', 'closing.abandoning')
  linkAfter('connectWatchdog', 'online.connecting')
  linkAfter('stablePeriod', 'online.opened')
  linkAfter('logoutLimit', 'online.loggingOut')
  linkAfter('stopLimit', 'online.stopping')
  linkAfter('reconnectBackoff', 'waiting.backingOff')
  linkAfter('replacedRetry', 'waiting.afterReplaced')
}

function callers(): void {
  told('a file changes', ({ changeSeq }) => change(changeSeq, false))
  told('a file changes, urgently', ({ changeSeq }) => change(changeSeq, true))
  told('a backup is asked for', () => ({ type: 'session.backup', audit: false }) as never)
  told('an audit is asked for', () => ({ type: 'session.backup', audit: true }) as never)
  told('stop', () => ({ type: 'session.stop' }))
  told('logout', () => ({ type: 'session.logout' }))
  told('the lease is lost', () => ({ type: 'lease.lost' }))
  steps.set('the audit is due', {
    to: 'tenant',
    enabled: isSet('audit'),
    event: () => ({ type: 'audit.due' }),
  })
}

function change(changeSeq: number, urgent: boolean) {
  return { type: 'files.changed', position: changeSeq + 1, urgent }
}

function whatsApp(): void {
  socket('the socket is made', { type: 'socket.made' }, 'online.queued')
  for (const state of ['connecting', 'pairing']) {
    socket(`${state}: WhatsApp opens`, { type: 'socket.open' }, `online.${state}`)
    socket(`${state}: WhatsApp offers a QR`, { type: 'socket.code', kind: 'qr' }, `online.${state}`)
  }
  socket(
    'connecting: WhatsApp offers a code to type',
    { type: 'socket.code', kind: 'pairingCode' },
    'online.connecting',
  )
  for (const code of [401, 428, 440, 515]) {
    socket(`the socket closes with ${code}`, { type: 'socket.closed', code, codesEnded: false })
  }
  socket('nobody used a code', { type: 'socket.closed', code: 408, codesEnded: true }, 'online.pairing')
  const error = { type: 'xstate.error.actor.socket', error: new Error('no socket'), actorId: 'socket' }
  socket('the socket cannot be made', error, 'online')
  // Its tenant says it once; the link does not count on that.
  socket('the link is told to log out again', { type: 'link.logout' }, 'online.loggingOut')
  socket('the link is told to log out while it stops', { type: 'link.logout' }, 'online.stopping')
  steps.set('the link breaks', {
    to: 'breakLink',
    // The last retry that is allowed breaks nothing: it ends the link.
    enabled: (pair) => linkIsIn('online.connecting')(pair) && pair.link!.context.attempt === 0,
    event: () => ({ type: 'socket.closed', code: 428, codesEnded: false }) as never,
  })
}

actors()
delays()
callers()
whatsApp()
