import { describe, expect, it } from 'vitest'
import { settings } from './held-world.js'
import { SupervisorRig } from './supervisor-rig.js'

async function worldAfter(beginning: Parameters<typeof SupervisorRig.begin>[0], ...steps: string[]) {
  const rig = await SupervisorRig.begin(beginning)
  for (const step of steps) await rig.take(step)
  return rig.world
}

const connected = ['the registry gives the lease', 'the store answers', 'connecting: WhatsApp opens']

describe('an answer that comes when nobody waits for it any longer', () => {
  it('a lease that is given after a stop is given back, and renewed by nobody', async () => {
    const world = await worldAfter('elsewhere', 'stop')
    expect(world.session.result).toMatchObject({ reason: 'stopped' })
    await world.answerRegistry()
    expect((await world.registry.read('tenant'))?.lease?.expiresAt).toBe(0)
    expect(world.clock.pending).toBe(0)
  })

  it('a restore that is answered after a stop opens nothing: the tenant can be started again', async () => {
    const world = await worldAfter(
      'elsewhere',
      'the registry gives the lease',
      'stop',
      'the registry takes the lease back',
    )
    expect(world.session.result).toMatchObject({ reason: 'stopped' })
    await world.answerStore()
    expect(await world.localTree()).toBe(null)
    expect(await world.folderIsClosed()).toBe(true)
  })

  it('a restore that is answered after another owner has taken over writes nothing', async () => {
    const world = await worldAfter('elsewhere', 'the registry gives the lease', 'another owner takes over')
    expect(world.session.result).toMatchObject({ reason: 'leaseLost' })
    await world.answerStore()
    expect(await world.localTree()).toBe(null)
    expect(await world.folderIsClosed()).toBe(true)
  })

  it('a restore that is answered after a logout does not bring the session back', async () => {
    const world = await worldAfter('elsewhere', 'the registry gives the lease', 'logout')
    while (world.storeGate.names.length > 0) await world.answerStore()
    await world.answerRegistry()
    expect(world.session.result).toMatchObject({ reason: 'deleted' })
    expect(await world.localTree()).toBe(null)
    expect(await world.store.list('tenant/')).toEqual([])
    expect(await world.folderIsClosed()).toBe(true)
  })

  it('a deletion that is answered after another owner has taken over deletes nothing of theirs', async () => {
    const world = await worldAfter('elsewhere', ...connected, 'logout', 'the socket closes with 401')
    expect(world.session.state).toBe('closing.wiping')
    const objects = await world.store.list('tenant/')
    await world.steal()
    world.clock.fireOther(settings.leaseRenewMs)
    await world.rest()
    const { head } = (await world.registry.read('tenant'))!
    await world.answerStore()
    expect(await world.store.list('tenant/')).toEqual(expect.arrayContaining(objects))
    expect(objects).toHaveLength(1)
    expect((await world.registry.read('tenant'))!.head).toEqual(head)
  })

  it('a lease that was lost unnoticed: a logout deletes nothing of its new owner’s', async () => {
    const world = await worldAfter('elsewhere', ...connected, 'logout')
    const objects = await world.store.list('tenant/')
    await world.steal()
    world.link.newest.close(401, false)
    await world.rest()
    while (world.storeGate.names.length > 0) await world.answerStore()
    expect(await world.store.list('tenant/')).toEqual(objects)
    expect(world.session.lastError).toBe('wipeFailed')
  })

  it('an upload that is answered after another owner has taken over is not committed, and says why', async () => {
    const steps = ['a file is written', 'after quietPeriod in connected.dirty.settling']
    const world = await worldAfter('elsewhere', ...connected, ...steps, 'another owner takes over')
    const head = (await world.registry.read('tenant'))?.head
    expect(world.session.result).toMatchObject({ reason: 'leaseLost', unsaved: 1 })
    await world.answerStore()
    expect((await world.registry.read('tenant'))?.head).toEqual(head)
    const failed = world.facts.filter(({ type }) => type === 'backup.failed')
    expect(failed).toEqual([expect.objectContaining({ error: expect.objectContaining({ code: 'fenced' }) })])
  })
})

describe('a way to WhatsApp that fails', () => {
  it('to connect: it is tried again after a backoff', async () => {
    const rig = await SupervisorRig.begin('elsewhere')
    const { link, session } = rig.world
    const connect = link.connect.bind(link)
    link.connect = () => {
      throw new Error('no socket')
    }
    await rig.take('the registry gives the lease')
    await rig.take('the store answers')
    expect(session.link).toBe('waiting')
    link.connect = connect
    await rig.take('after reconnectBackoff in link waiting.backingOff')
    await rig.take('connecting: WhatsApp opens')
    expect(session.state).toBe('connected.clean')
  })

  it.each([
    'stop',
    'logout',
  ] as const)('to %s: the session ends all the same, and never connects again', async (how) => {
    const rig = await SupervisorRig.begin('elsewhere')
    for (const step of connected) await rig.take(step)
    const [connection] = rig.world.link.open
    connection![how] = () => {
      throw new Error('no way')
    }
    await rig.take(how)
    expect(rig.world.link.open).toEqual([])
    expect(rig.world.session.link).toBe('ended')
    expect(rig.world.clock.pendingEvents).not.toContain(expect.stringContaining('.link.'))
  })

  it('in its machine: no connection stays open behind it', async () => {
    const rig = await SupervisorRig.begin('elsewhere')
    await rig.take('the registry gives the lease')
    await rig.take('the store answers')
    expect(rig.world.link.open).toHaveLength(1)
    await rig.world.withoutRandom(() => rig.take('after connectWatchdog in link online.connecting'))
    expect(rig.world.session.state).toBe('closing.releasing')
    expect(rig.world.link.open).toEqual([])
  })

  it('in the tenant’s machine: no connection, lease or open folder stays behind it', async () => {
    const rig = await SupervisorRig.begin('elsewhere')
    for (const step of [...connected, 'a file is written']) await rig.take(step)
    await rig.take('after quietPeriod in connected.dirty.settling')
    await rig.world.withoutRandom(() => rig.take('the upload fails'))
    expect(rig.world.session.result).toMatchObject({ reason: 'failed', unsaved: 1 })
    await rig.world.answerRegistry()
    expect(rig.world.link.open).toEqual([])
    expect(await rig.world.folderIsClosed()).toBe(true)
    expect((await rig.world.registry.read('tenant'))?.lease?.expiresAt).toBe(0)
    await rig.take('after stopLimit in link online.stopping')
    expect(rig.world.clock.pendingEvents.filter((id) => id.includes('.link.'))).toEqual([])
  })
})
