import { describe, expect, it } from 'vitest'
import { assembleSupervisor } from '../../src/assemble-supervisor.js'
import { SessionError } from '../../src/errors.js'
import { memoryRegistry, memoryStore, type Registry, silentLogger } from '../../src/index.js'
import { openSessionRoot } from '../../src/session/index.js'
import { checkSettings } from '../../src/settings.js'
import { FakeLink } from '../support/fake-link.js'
import { MemoryDisk } from '../support/memory-disk.js'
import { VirtualClock } from '../support/virtual-clock.js'

/** Two hosts, each with its own disk, on one store and one registry that can go away. */
function twoHosts() {
  const clock = new VirtualClock()
  const away = { is: false }
  const inner = memoryRegistry({ clock })
  const registry = new Proxy(inner, {
    get: (_, name) => {
      const value = Reflect.get(inner, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        if (away.is) throw new SessionError('unavailable', 'The registry is away.')
        return value.apply(inner, args)
      }
    },
  }) as Registry
  const store = memoryStore({ clock })
  /** @param chance what its dice always show: next to 0, every wait with jitter is short */
  const start = async (chance: number) => {
    const random = () => chance
    const disk = new MemoryDisk(() => clock.now()).handle()
    const lock = async () => ({ release: async () => {} })
    const link = new FakeLink()
    const root = await openSessionRoot({ path: '/sessions', clock, random, disk, lock })
    const parts = { clock, random, root, link, store, registry, logger: silentLogger }
    return { link, supervisor: assembleSupervisor({ ...parts, settings: checkSettings() }) }
  }
  return { clock, away, inner, start }
}

// Found by the simulation: when a registry came back, waiting hosts took every lease before its owner could renew it.
describe('a registry that is away for longer than a lease lasts', () => {
  it('leaves every tenant with its owner when it comes back', async () => {
    const { clock, away, inner, start } = twoHosts()
    await inner.open()
    const owner = await start(0.5)
    const session = await owner.supervisor.start('tenant')
    await clock.advance(100)
    await (await owner.link.connection('tenant')).pair('628120000001')
    await clock.advance(1_000)
    expect(session.link).toBe('open')
    const waiting = await start(0.02)
    await waiting.supervisor.start('tenant')
    await clock.advance(10_000)

    away.is = true
    await clock.advance(40_000)
    away.is = false
    await clock.advance(30_000)

    expect(session.result).toBeNull()
    expect(session.link).toBe('open')
    expect(waiting.link.connections).toHaveLength(0)
    const down = Promise.all([owner.supervisor.shutdown(), waiting.supervisor.shutdown()])
    await clock.advance(12_000)
    await down
  })

  it('gives a tenant whose owner is gone to the next host soon after', async () => {
    const { clock, away, inner, start } = twoHosts()
    await inner.open()
    await inner.acquire({ tenantId: 'tenant', owner: 'somebody who died', ttlMs: 15_000 })
    const waiting = await start(0.02)
    const session = await waiting.supervisor.start('tenant')
    await clock.advance(5_000)
    away.is = true
    await clock.advance(40_000)
    away.is = false
    await clock.advance(75_000)
    expect(session.state).toMatch(/^restoring\.opening|^pairing/)
    const down = waiting.supervisor.shutdown()
    await clock.advance(12_000)
    await down
  })
})
