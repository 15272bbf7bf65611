import { expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/ports/clock.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { describeRegistry, newTenant } from '../conformance/registry.suite.js'

describeRegistry('memory', async () => {
  let shiftMs = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + shiftMs }
  const registry = memoryRegistry({ clock })
  return {
    registry,
    now: async () => clock.now(),
    countStatements: async (run) => {
      await run()
      return null
    },
    expire: async (tenantId) => {
      shiftMs += (await registry.read(tenantId))!.lease!.expiresAt - clock.now()
    },
    dispose: async () => {},
  }
})

it('hands out copies: what a caller does to a row changes nothing', async () => {
  const registry = memoryRegistry({ clock: systemClock })
  await registry.open()
  const tenantId = newTenant()
  await registry.setDesired(tenantId, 'running')
  const row = (await registry.read(tenantId))! as { desiredState: string }
  row.desiredState = 'stopped'
  expect((await registry.read(tenantId))!.desiredState).toBe('running')
})

it('says that it does not outlive the process', () => {
  expect(memoryRegistry({ clock: systemClock })).toMatchObject({ name: 'memory', durable: false })
})
