import { ok, deepStrictEqual as same } from 'node:assert/strict'
import type { InspectionEvent } from 'xstate'
import { linkMachine } from '../../machines/index.js'
import { settings } from './held-world.js'
import './ends.js'
import type { Beginning } from './port-model.js'
import { after, connected, opening, pairing, promise, uploading } from './promise.js'
import { SupervisorRig } from './supervisor-rig.js'

/** Places from which a lease is lost. */
const heldAt: Record<string, [Beginning, string[]]> = {
  fetching: ['elsewhere', ['the registry gives the lease']],
  opening: ['elsewhere', opening],
  pairing: ['nothing', [...pairing, 'a file is written, urgently']],
  connected: ['elsewhere', [...connected, 'a file is written']],
  'backing up': ['elsewhere', uploading],
  'waiting to back up': ['elsewhere', [...uploading, 'the upload fails']],
  draining: ['elsewhere', [...connected, 'a file is written', 'stop']],
  flushing: ['elsewhere', [...connected, 'a file is written', 'the socket closes with 401']],
  'logging out': ['elsewhere', [...connected, 'logout']],
  wiping: ['elsewhere', [...connected, 'logout', 'the socket closes with 401']],
}

for (const [place, [beginning, steps]] of Object.entries(heldAt)) {
  promise(
    `the lease is lost while ${place}: nothing is committed or deleted any more, the local files stay`,
    async () => {
      const { before, after: left } = await lost(beginning, steps)
      same(left.result, 'leaseLost')
      same(left.head, before.head)
      same(
        left.objects.filter((key) => before.objects.includes(key)),
        before.objects,
      )
      same(left.files, before.files)
      same(left.open, 0)
    },
  )
}

/** Filled with each backup that ends: how many positions it lacks of those that were known when it was asked for. */
function lacksOf({ world: { actor } }: SupervisorRig): number[] {
  const lacks: number[] = []
  actor.system.inspect((event: InspectionEvent) => {
    if (event.type !== '@xstate.event' || event.actorRef !== actor) return
    if (!/^xstate\.done\.actor\.(backup|finalBackup)$/.test(event.event.type)) return
    const { covered } = (event.event as unknown as { output: { covered: number } }).output
    lacks.push(Math.max(0, actor.getSnapshot().context.askedSeq - covered))
  })
  return lacks
}

async function lost(beginning: Beginning, steps: string[]) {
  const rig = await after(beginning, ...steps)
  const look = async () => ({
    result: rig.world.session.result?.reason ?? null,
    head: (await rig.world.registry.read('tenant'))?.head ?? null,
    objects: (await rig.world.store.list('tenant/')).map(({ key }) => key),
    files: rig.world.filesBelow('tenant').filter((name) => name.endsWith('.json')),
    open: rig.world.link.open.length,
  })
  const before = await look()
  await rig.take('another owner takes over')
  await rig.end()
  return { before, after: await look() }
}

promise('a code is not shown where a session exists', async () => {
  const rig = await SupervisorRig.begin('elsewhere')
  const shown: string[] = []
  rig.world.supervisor.on('qr', () => shown.push('qr'))
  for (const step of pairing) await rig.take(step)
  await rig.end()
  same(rig.world.session.result?.reason, 'pairingRefused')
  same(shown, [])
})

promise('a code is not shown to who may not pair', async () => {
  const rig = await SupervisorRig.begin('nothing', [], { mayPair: false })
  const shown: string[] = []
  rig.world.supervisor.on('pairingCode', () => shown.push('code'))
  for (const step of [...opening, 'connecting: WhatsApp offers a code to type']) await rig.take(step)
  await rig.end()
  same(rig.world.session.result?.reason, 'pairingRefused')
  same(shown, [])
})

promise('a code is shown where it is proven that no session exists, a new one each time', async () => {
  const rig = await SupervisorRig.begin('nothing')
  const shown: string[] = []
  rig.world.supervisor.on('qr', ({ tenantId }) => shown.push(tenantId))
  for (const step of [...pairing, 'pairing: WhatsApp offers a QR']) await rig.take(step)
  same(shown, ['tenant', 'tenant'])
  same(rig.world.session.state, 'pairing.showingCode')
})

promise(
  'nobody scans: it ends after the pairing timeout, and not because of it once the phone has scanned',
  async () => {
    const timeout = 'after pairingTimeout in pairing'
    const idle = await after('nothing', ...pairing, timeout)
    await idle.end()
    same(idle.world.session.result?.reason, 'pairingTimeout')
    const scanned = await after(
      'nothing',
      ...pairing,
      'a file is written, urgently',
      'the upload is answered',
      timeout,
    )
    same(scanned.world.session.state, 'pairing.restarting')
  },
)

promise('what pairing has stored is committed before the reconnect that ends it', async () => {
  const rig = await after('nothing', ...pairing, 'a file is written, urgently', 'the socket closes with 515')
  same(rig.world.link.open.length, 0)
  await rig.take('the upload is answered')
  same(rig.world.link.open.length, 1)
  same(await rig.world.durableTree(), await rig.world.localTree())
  same(rig.world.session.state, 'pairing.restarting')
})

promise('an urgent change is uploaded without waiting', async () => {
  const rig = await after('elsewhere', ...connected, 'a file is written, urgently')
  same(rig.world.storeGate.names, ['put'])
})

promise('a change that arrives during a backup is in the next one', async () => {
  const rig = await after('elsewhere', ...uploading, 'a file is written', 'the upload is answered')
  same(rig.world.session.state, 'connected.dirty.settling')
  ok((await rig.world.durableTree()) !== (await rig.world.localTree()))
  await rig.take('after quietPeriod in connected.dirty.settling')
  await rig.take('the upload is answered')
  same(rig.world.session.state, 'connected.clean')
  same(await rig.world.durableTree(), await rig.world.localTree())
})

promise(
  'a backup covers all that was known when it was asked for, whoever writes meanwhile and whatever it waited for',
  async () => {
    const rig = await after('elsewhere', ...uploading)
    const lacking = lacksOf(rig)
    await rig.take('a file is written')
    await rig.take('a file is written, urgently')
    rig.world.writeBehind('session-90.json', '{"by":"another program"}')
    await rig.take('an audit is asked for')
    for (let left = 2; left > 0; left--) await rig.take('the upload is answered')
    same(rig.world.session.state, 'connected.clean')
    await rig.take('a file is written, urgently')
    // The end does not wait for the upload that is under way; its own comes after it.
    await rig.take('a file is written')
    await rig.take('stop')
    await rig.take('a file is written')
    rig.world.link.newest.close(428, false)
    await rig.world.rest()
    same(rig.world.session.state, 'closing.flushing.uploading')
    await rig.end()
    same(rig.world.session.result, { reason: 'stopped', unsaved: 0, lastError: null })
    same(await rig.world.durableTree(), await rig.world.localTree())
    same(lacking, [0, 0, 0])
  },
)

promise(
  'a change is uploaded after a quiet period; changes without end are, when the first is as old as it may be',
  async () => {
    const rig = await after('elsewhere', ...connected)
    const { clock, storeGate } = rig.world
    const began = clock.now()
    await rig.take('a file is written')
    while (storeGate.names.length === 0 && clock.now() - began < 5_000) {
      await rig.world.advance(200)
      if (storeGate.names.length === 0) await rig.take('a file is written')
    }
    const ageMs = clock.now() - began
    ok(ageMs >= settings.maxDirtyAgeMs && ageMs <= settings.maxDirtyAgeMs + 200, `after ${ageMs} ms`)
    const quiet = await after('elsewhere', ...connected, 'a file is written')
    await quiet.world.advance(settings.quietPeriodMs - 1)
    same(quiet.world.storeGate.names, [])
    await quiet.world.advance(1)
    same(quiet.world.storeGate.names, ['put'])
  },
)

promise('a pairing that WhatsApp restarts does it at once, a lost connection after a backoff', async () => {
  const restarted = await after('elsewhere', ...connected, 'the socket closes with 515')
  same(restarted.world.link.open.length, 1)
  const dropped = await after('elsewhere', ...connected, 'the socket closes with 428')
  same(dropped.world.link.open.length, 0)
  same(dropped.world.session.link, 'waiting')
  await dropped.take('after reconnectBackoff in link waiting.backingOff')
  same(dropped.world.link.open.length, 1)
  same(dropped.world.session.state, 'connected.clean')
})

promise('a session that another client takes over is tried once more, and no more', async () => {
  const rig = await after('elsewhere', ...connected, 'the socket closes with 440')
  await rig.take('after replacedRetry in link waiting.afterReplaced')
  await rig.take('connecting: WhatsApp opens')
  await rig.take('the socket closes with 440')
  await rig.end()
  same(rig.world.session.result?.reason, 'replaced')
})

promise('a connection that stays open is forgiven its earlier tries', async () => {
  const drop = ['the socket closes with 428', 'after reconnectBackoff in link waiting.backingOff']
  const again = [...drop, 'connecting: WhatsApp opens']
  const rig = await after(
    'elsewhere',
    ...connected,
    ...again,
    'after stablePeriod in link online.opened',
    ...again,
  )
  same(rig.world.link.open.length, 1)
  await rig.take('the socket closes with 428')
  await rig.end()
  same(rig.world.session.result?.reason, 'unavailable')
})

promise('a connection that neither opens nor closes is given up', async () => {
  const rig = await after('elsewhere', ...opening, 'after connectWatchdog in link online.connecting')
  same(rig.world.link.open.length, 0)
  same(rig.world.session.link, 'waiting')
})

promise('the files are audited every audit interval', async () => {
  const rig = await after('elsewhere', ...connected, 'the audit is due')
  same(rig.world.session.state, 'connected.clean')
  ok(rig.world.clock.pendingEvents.includes('audit'))
})

promise('a failure that has passed is forgotten', async () => {
  const late = await after(
    'elsewhere',
    'the registry does not answer',
    'after backoff in restoring.waiting',
    ...connected,
  )
  same(late.world.session.lastError, null)
  same(late.world.actor.getSnapshot().context.attempt, 0)
  const again = await after(
    'elsewhere',
    ...uploading,
    'the upload fails',
    'after backoff in backing-up.waiting',
  )
  same(again.world.session.lastError, 'unavailable')
  await again.take('the upload is answered')
  same(again.world.session.lastError, null)
  same(again.world.actor.getSnapshot().context.attempt, 0)
})

promise('an audit that is asked for finds what another program wrote', async () => {
  const rig = await after('elsewhere', ...connected)
  rig.world.writeBehind('session-1.json', '{"by":"another program"}')
  await rig.take('an audit is asked for')
  same(rig.world.storeGate.names, ['put'])
  await rig.take('the upload is answered')
  same(await rig.world.durableTree(), await rig.world.localTree())
})

promise('a link never gives up by counting, unless the user has set a limit', async () => {
  const { retriesLeft } = linkMachine.provide({}).implementations.guards
  same((retriesLeft as (args: object) => boolean)({ context: { attempt: 1_000_000 } }), true)
})

export { promises } from './promise.js'
