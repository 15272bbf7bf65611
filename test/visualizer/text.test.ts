import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { machineChart, machineDot, machineNames } from '../../src/visualizer/index.js'

const hasDot = spawnSync('dot', ['-V']).error === undefined
const notRun = 'NOT RUN: DOT through Graphviz: there is no `dot`; install Debian’s graphviz'
if (!hasDot) {
  if (process.env.CI === 'true') throw new Error(notRun)
  console.log(notRun)
}

const drawn = (dot: string) =>
  spawnSync('dot', ['-Tsvg'], { input: dot, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })

describe.skipIf(!hasDot)('what Graphviz makes of the DOT of', () => {
  it.each(
    machineNames,
  )('the %s machine: no complaint, every state, every drawn transition by its id', (name) => {
    const { status, stdout, stderr } = drawn(machineDot(name))
    expect([status, stderr]).toEqual([0, ''])
    const chart = machineChart(name)
    for (const { key } of chart.states) expect(stdout).toContain(`>${key.replaceAll('-', '&#45;')}</text>`)
    const ids = chart.edges.filter(({ kind, source }) => kind === 'leaves' && source !== '')
    const drawnIds = [...stdout.matchAll(/<g id="([^"]+)" class="edge">/g)].map(([, id]) =>
      id!.replaceAll('&#45;', '-').replaceAll('&amp;', '&'),
    )
    expect(drawnIds.sort()).toEqual(ids.map(({ id }) => id).sort())
  })

  it('a broken one: a complaint', () => {
    expect(drawn(machineDot('link').replace('digraph', 'digraf')).status).not.toBe(0)
  })
})
