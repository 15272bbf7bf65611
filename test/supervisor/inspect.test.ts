import { describe, expect, it } from 'vitest'
import type { MachineStep } from '../../src/index.js'
import { machineChart, machineNames } from '../../src/visualizer/index.js'
import { startServer } from '../server/setup.js'

interface Inside {
  readonly actor: { system: { inspect(observer: unknown): unknown } }
}

describe('inspecting a tenant', () => {
  it('tells the steps of both machines, of the next session too, until it is undone', async () => {
    const { supervisor, connected, link } = await startServer()
    await connected('a')
    const steps: MachineStep[] = []
    const undo = supervisor.inspect('a', (step) => void steps.push(step))
    await supervisor.stop('a')
    const stopped = steps.map(({ machine, event }) => `${machine} ${event}`)
    expect(stopped).toContain('tenant session.stop')
    expect(stopped).toContain('link socket.closed')
    const edges = steps.flatMap((step) => step.edges)
    expect(edges).toEqual(
      expect.arrayContaining([
        'tenant:*|session.stop|0',
        'link:online.stopping|socket.closed|0',
        'tenant:closing.draining|always|0',
        'tenant:closing.sealing|done:sealFiles|0',
        'tenant:closing.flushing.checking|always|2',
      ]),
    )
    steps.length = 0
    const again = await supervisor.start('a')
    ;(await link.connection('a')).open()
    await again.waitFor('connected')
    expect(steps.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['xstate.init', 'socket.open', 'link.open']),
    )
    expect(steps.findLast(({ machine }) => machine === 'link')!.states).toEqual(['online', 'online.opened'])
    const drawn = machineNames.flatMap((name) => machineChart(name).edges.map(({ id }) => id))
    const told = [...edges, ...steps.flatMap((step) => step.edges)]
    expect(told.filter((id) => !drawn.includes(id))).toEqual([])
    undo()
    undo()
    steps.length = 0
    await supervisor.stop('a')
    expect(steps).toEqual([])
  })

  it('hurts nobody when a listener throws', async () => {
    const { supervisor, connected } = await startServer()
    const session = await connected('a')
    let told = 0
    supervisor.inspect('a', () => {
      throw new Error('a listener broke')
    })
    supervisor.inspect('a', () => {
      told += 1
    })
    expect(await session.stop()).toMatchObject({ reason: 'stopped', unsaved: 0 })
    expect(told).toBeGreaterThan(0)
  })

  it('attaches nothing to tenants that nobody watches', async () => {
    const { supervisor, connected } = await startServer()
    const attached: string[] = []
    for (const tenantId of ['a', 'b']) {
      const { actor } = (await connected(
        tenantId,
        `62812000${tenantId === 'a' ? 1 : 2}`,
      )) as unknown as Inside
      const inspect = actor.system.inspect.bind(actor.system)
      actor.system.inspect = (observer) => {
        attached.push(tenantId)
        return inspect(observer)
      }
    }
    const undo = [1, 2, 3].map(() => supervisor.inspect('a', () => {}))
    expect(attached).toEqual(['a'])
    for (const each of undo) each()
  })

  it('refuses a name that is none', async () => {
    const { supervisor } = await startServer()
    expect(() => supervisor.inspect('../x', () => {})).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})
