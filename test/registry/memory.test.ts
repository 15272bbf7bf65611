import { expect, it } from 'vitest'
import { type Clock, systemClock } from '../../src/ports/clock.js'
import { memoryRegistry } from '../../src/registry/memory.js'
import { describeClaims } from '../conformance/claims.suite.js'
import { describeRegistry, newTenant } from '../conformance/registry.suite.js'

const create = async () => {
  let shiftMs = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + shiftMs }
  const registry = memoryRegistry({ clock })
  return {
    registry,
    now: async () => clock.now(),
    countStatements: async (run: () => Promise<unknown>) => {
      await run()
      return null
    },
    expire: async (tenantId: string) => {
      shiftMs += (await registry.read(tenantId))!.lease!.expiresAt - clock.now()
    },
    expireHost: async () => {
      shiftMs += 3_600_000
    },
    dispose: async () => {},
  }
}

describeRegistry('memory', create)
describeClaims('memory', create)

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
