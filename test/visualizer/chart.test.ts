import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, setup } from 'xstate'
import { defaultDelays, linkMachine, tenantMachine } from '../../machines/index.js'
import { chartOf } from '../../src/visualizer/extract.js'
import { edgeIdOf, type MachineChart, type MachineName, machineChart } from '../../src/visualizer/index.js'
import { leavesOf } from '../machines/explore.js'
import { nodesOf, transitionsOf } from '../model/transitions.js'
import { walk } from './walk.js'

const machines: [MachineName, AnyStateMachine, object[]][] = [
  [
    'tenant',
    tenantMachine,
    [
      { tenantId: 't', mayPair: true },
      { tenantId: 't', mayPair: false },
    ],
  ],
  ['link', linkMachine, [{ tenantId: 't' }]],
]

describe.each(machines)('the chart of the %s machine', (name, machine, inputs) => {
  const chart = machineChart(name)
  const nodes = nodesOf(machine.root)

  it('has every state once', () => {
    expect(chart.states.map(({ id }) => id)).toEqual(nodes.slice(1).map(({ path }) => path.join('.')))
    const leaves = chart.states.filter(({ type }) => type === 'atomic' || type === 'final')
    expect(leaves.map(({ id }) => id)).toEqual(leavesOf(machine.root))
  })

  it('has every transition once, counted at the nodes and by the names that the model tests give them', () => {
    const ids = chart.edges.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBe(transitionsOf(machine).length)
    const atNodes = nodes.flatMap((node) => [
      ...(node.always ?? []),
      ...[...node.transitions.values()].flat(),
    ])
    expect(atNodes.map((transition) => edgeIdOf(transition))).toEqual(ids)
  })

  it('says of each edge what its definition says', () => {
    const definitions = nodes.flatMap((node) => [
      ...(node.always ?? []),
      ...[...node.transitions.values()].flat(),
    ])
    for (const [index, edge] of chart.edges.entries()) {
      const definition = definitions[index]!
      expect(edge.source).toBe(definition.source.path.join('.'))
      expect(edge.targets).toEqual((definition.target ?? []).map(({ path }) => path.join('.')))
      expect(edge.guard === null).toBe(definition.guard === undefined)
      expect(edge.actions).toHaveLength(definition.actions.length)
    }
  })

  it('lacks no edge that an actor takes, and none that no actor takes', () => {
    const taken = new Set<string>()
    for (let seed = 0; seed < 900; seed += 1) {
      walk(machine, inputs[seed % inputs.length]!, seed, taken)
    }
    const ids = chart.edges.map(({ id }) => id)
    expect([...taken].filter((id) => !ids.includes(id))).toEqual([])
    expect(ids.filter((id) => !taken.has(id))).toEqual([])
  })

  it('has no code without a name, and edges end at states that there are', () => {
    const states = new Set(chart.states.map(({ id }) => id))
    expect(chart.edges.flatMap(({ targets }) => targets).filter((id) => !states.has(id))).toEqual([])
    expect(JSON.stringify(chart)).not.toContain('(code)')
  })
})

describe('what a chart tells', () => {
  const edge = (id: string) => chartWith(id).edges.find((found) => found.id === id)
  const chartWith = (id: string): MachineChart => machineChart(id.split(':')[0] as MachineName)
  const state = (name: MachineName, id: string) => machineChart(name).states.find((found) => found.id === id)

  it('events, guards, actions and targets', () => {
    expect(edge('tenant:connected.clean|files.changed|0')).toEqual({
      id: 'tenant:connected.clean|files.changed|0',
      source: 'connected.clean',
      trigger: { kind: 'event', event: 'files.changed' },
      guard: 'changeIsUrgent',
      actions: ['noteChange'],
      targets: ['backing-up'],
      kind: 'leaves',
    })
  })

  it.each([
    ['tenant:closing|after:closeDeadline|0', 'not(boundElsewhere)'],
    ['link:online|socket.closed|3', 'and(retries, retriesLeft)'],
    ['link:online|error:socket|0', 'in(online.stopping)'],
    ['tenant:connected.checking|always|3', null],
  ])('the guard of %s as text', (id, guard) => {
    expect(edge(id)?.guard).toBe(guard)
  })

  it.each([
    ['tenant:connected.dirty.settling|files.changed|1', 'restarts'],
    ['link:online|socket.closed|1', 'restarts'],
    ['link:online|link.stop|0', 'enters'],
    ['tenant:closing|link.ended|0', 'stays'],
    ['tenant:closing|session.stop|0', 'ignores'],
    ['tenant:*|session.stop|0', 'enters'],
    ['tenant:closing.releasing|done:release|0', 'leaves'],
  ])('%s %s', (id, kind) => {
    expect(edge(id)?.kind).toBe(kind)
  })

  it('actors, delays and actions of a state', () => {
    expect(state('tenant', 'closing.flushing.uploading')?.actors).toEqual([
      {
        id: 'finalBackup',
        logic: 'backup',
        done: [
          'tenant:closing.flushing.uploading|done:finalBackup|0',
          'tenant:closing.flushing.uploading|done:finalBackup|1',
        ],
        error: [
          'tenant:closing.flushing.uploading|error:finalBackup|0',
          'tenant:closing.flushing.uploading|error:finalBackup|1',
        ],
      },
    ])
    expect(state('tenant', 'closing')).toMatchObject({ entry: ['disarmAudit'], exit: [] })
    expect(machineChart('tenant').root.entry).toEqual(['armAudit'])
    expect(state('tenant', 'connected.dirty')).toMatchObject({ initial: 'connected.dirty.settling' })
    expect(edge('tenant:restoring.acquiring|done:acquireLease|0')?.actions).toEqual(['assign(epoch)'])
  })

  it('guards that are made of others', () => {
    expect(machineChart('tenant').guards).toEqual({
      boundElsewhere: expect.stringMatching(/^or\(in\(closing\.loggingOut\), in\(closing\.wiping\), /),
    })
  })

  it.each(['tenant', 'link'] as const)('delays of the %s as the machine waits', (name) => {
    const machine: AnyStateMachine = name === 'tenant' ? tenantMachine : linkMachine
    const delays = machineChart(name).states.flatMap((found) => found.delays)
    expect(delays.length).toBeGreaterThan(3)
    for (const { name: delay, defaultMs, grows } of delays) {
      const provided = machine.implementations.delays[delay]
      if (grows === null) expect(defaultMs).toBe(provided)
      else {
        // Without jitter it is half of the ceiling.
        const waitMs = (attempt: number) =>
          (provided as (args: object) => number)({ context: { attempt, lastError: null } })
        expect([waitMs(1) * 2, waitMs(99) * 2]).toEqual([grows.firstMs, grows.lastMs])
      }
    }
    expect(defaultDelays.quietPeriodMs).toBe(250)
  })

  it('the end of a compound state, an unnamed guard and a delay in milliseconds, which no machine of ours has', () => {
    const machine = setup({}).createMachine({
      id: 'other',
      initial: 'outer',
      states: {
        outer: {
          initial: 'inner',
          onDone: 'end',
          exit: () => {},
          states: { inner: { after: { 20: 'last' } }, last: { type: 'final' } },
        },
        end: { always: { guard: () => false, target: 'outer' } },
      },
    })
    const chart = chartOf(machine, 'tenant')
    expect(chart.edges.map(({ id, guard }) => [id, guard])).toEqual([
      ['other:outer|done:outer|0', null],
      ['other:outer.inner|after:20|0', null],
      ['other:end|always|0', '(code)'],
    ])
    expect(chart.edges[0]!.trigger).toEqual({ kind: 'complete' })
    expect(chart.states[1]!.delays).toEqual([{ name: '20', defaultMs: 20, grows: null }])
    expect(chart.states[0]!.exit).toEqual(['(code)'])
  })

  it('refuses a name that is no machine', () => {
    expect(() => machineChart('session' as MachineName)).toThrow(
      'There is no machine "session"; expected tenant or link.',
    )
  })
})
