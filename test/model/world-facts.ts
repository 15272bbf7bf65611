import { type Effects, pathOf } from './composed.js'
import type { HeldWorld } from './held-world.js'
import type { World } from './port-model.js'

/** What the model says of the world around the machines. */
export function worldFactsOf(world: World, effects: Effects) {
  const { tenant, link, ports, timers } = world
  const { epoch: _, ...context } = tenant.context
  const lives = tenant.status === 'active'
  return {
    tenant: pathOf(tenant.value),
    context,
    link: link && pathOf(link.value),
    linkContext: link?.context ?? null,
    machineTimers: [...timers],
    openSockets: lives && ports.connected ? 1 : 0,
    told: effects.commands,
    heldStoreCalls: heldStoreCalls(world),
    heldRegistryCalls: heldRegistryCalls(world),
    unprotected: unprotected(world),
    result: tenant.status === 'done' ? (tenant.output ?? null) : null,
  }
}

function unprotected({ tenant, ports }: World): boolean {
  if (tenant.status === 'done') return tenant.output!.unsaved > 0
  return ports.folder !== 'closed' && ports.position > ports.saved
}

/** At most one restore, and one upload or deletion, is under way at the store. */
function heldStoreCalls({ ports }: World): number {
  const restoring = ports.asking === 'restore' || ports.late.includes('restore')
  return (restoring ? 1 : 0) + (ports.flights.length > 0 ? 1 : 0)
}

function heldRegistryCalls({ ports }: World): string[] {
  const acquiring = ports.asking === 'acquireLease' || ports.late.includes('acquireLease')
  const releasing = ports.asking === 'release' || ports.late.includes('release')
  return [...(acquiring ? ['acquire'] : []), ...(releasing ? ['release'] : [])]
}

/**
 * What must be true of the store, the registry and the disk, whatever the path.
 * @throws when it is not
 */
export async function checkDurable(held: HeldWorld, { ports, tenant }: World): Promise<void> {
  const { context } = tenant
  const saved = ports.folder === 'open' && ports.position === ports.saved && ports.head
  if (saved && (await held.durableTree()) !== (await held.localTree())) {
    throw new Error('Everything is said to be saved, but a restore would not give the files on the disk.')
  }
  if (context.changeSeq === context.savedSeq && ports.position > ports.saved && ports.folder === 'open') {
    throw new Error('The machine believes that everything is saved.')
  }
}

/**
 * What an ended session leaves behind, by what it says it ended with.
 * @throws when it has not ended, or leaves behind what it must not
 */
export async function checkEnd(held: HeldWorld): Promise<void> {
  const { result } = held.session
  if (result === null) throw new Error(`It never ends: it stays ${held.session.state}.`)
  refuse(held.link.open.length > 0, 'a connection stays open')
  refuse(held.clock.pending > 0, `timers stay set: ${held.clock.pendingEvents} ${held.clock.otherDelays}`)
  const row = await held.registry.read('tenant')
  refuse(
    row?.lease?.owner === held.ownerId && row.lease.expiresAt > 0 && !held.registryGate.hasFailed,
    'its lease is not given back',
  )
  refuse(!(await held.folderIsClosed()), 'its folder stays open')
  const [durable, local] = [await held.durableTree(), await held.localTree()]
  if (result.reason === 'deleted') {
    if (result.lastError === 'wipeFailed')
      return refuse(lostFiles(held, local), 'files went before the rest did')
    refuse(local !== null || durable !== null, 'the session is not deleted')
    refuse((await held.store.list('tenant/')).length > 0, 'objects are left')
  } else if (result.reason === 'leaseLost') {
    refuse(held.headChangedSinceTheft(row?.head ?? null), 'something was committed for another owner')
  } else if (result.reason === 'loggedOut') {
    if (result.unsaved > 0 || result.lastError !== null) return
    refuse(local !== null, 'the session that was logged out stays in place')
    refuse(held.filesBelow('.supervisor/quarantine/tenant').length === 0, 'its files are not kept aside')
  } else if (result.unsaved === 0 && held.link.connections.length > 0) {
    refuse(
      durable !== local,
      'it says that everything is saved, but a restore would not give the files on the disk',
    )
  }
}

/** A deletion that failed may have moved the files aside, to delete them last. */
function lostFiles(held: HeldWorld, local: string | null): boolean {
  const hadSome = held.link.connections.some(({ request }) => request.hasSession)
  return hadSome && local === null && held.filesBelow('.supervisor/quarantine/tenant').length === 0
}

function refuse(isWrong: boolean, what: string): void {
  if (isWrong) throw new Error(`At the end, ${what}.`)
}
