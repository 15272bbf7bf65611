import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { machineChart, machineDot, machineMermaid, machineNames } from '../../src/visualizer/index.js'

/** A folder with mermaid and jsdom in its node_modules: 180 MB that nothing else here needs. */
const mermaidFolder = process.env.MERMAID_FOLDER
const hasDot = spawnSync('dot', ['-V']).error === undefined
const notRun = [
  ...(hasDot ? [] : ['NOT RUN: DOT through Graphviz: there is no `dot`; install Debian’s graphviz']),
  ...(mermaidFolder === undefined ? ['NOT RUN: Mermaid through its own reader: set MERMAID_FOLDER'] : []),
]
if (notRun.length > 0 && process.env.CI === 'true') throw new Error(notRun.join('\n'))
for (const line of notRun) console.log(line)

const run = (program: string, args: string[], input: string) =>
  spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })

const linesIn = (name: (typeof machineNames)[number]) =>
  machineChart(name).edges.filter(({ kind, source }) => kind === 'leaves' && source !== '')

describe.skipIf(!hasDot)('what Graphviz makes of the DOT of', () => {
  it.each(machineNames)('the %s machine: every state, every line by its id, no complaint', (name) => {
    const { status, stdout, stderr } = run('dot', ['-Tsvg'], machineDot(name))
    expect([status, stderr]).toEqual([0, ''])
    const plain = stdout.replaceAll('&#45;', '-').replaceAll('&amp;', '&')
    for (const { key } of machineChart(name).states) expect(plain).toContain(`>${key}</text>`)
    const drawn = [...plain.matchAll(/<g id="([^"]+)" class="edge">/g)].map(([, id]) => id!)
    expect(drawn.sort()).toEqual(
      linesIn(name)
        .map(({ id }) => id)
        .sort(),
    )
  })

  it('a broken one: a complaint', () => {
    expect(run('dot', ['-Tsvg'], machineDot('link').replace('digraph', 'digraf')).status).not.toBe(0)
  })
})

describe.skipIf(mermaidFolder === undefined)('what Mermaid makes of the diagram of', () => {
  const read = (text: string) =>
    run(process.execPath, [new URL('./mermaid.mjs', import.meta.url).pathname, mermaidFolder!], text)

  it.each(machineNames)('the %s machine: every state and every line', (name) => {
    const { status, stdout, stderr } = read(machineMermaid(name))
    expect([status, stderr]).toEqual([0, ''])
    const { states, edges } = JSON.parse(stdout) as {
      states: string[]
      edges: { start: string; end: string }[]
    }
    const plain = (id: string) => id.replaceAll(/\W/g, '_')
    expect(states).toEqual(expect.arrayContaining(machineChart(name).states.map(({ id }) => plain(id))))
    const ends = (from: string, to: string) => `${plain(from)} ${plain(to)}`
    expect(edges.map(({ start, end }) => ends(start, end)).sort()).toEqual(
      linesIn(name)
        .map(({ source, targets }) => ends(source, targets[0]!))
        .sort(),
    )
  })

  it('a broken one: a complaint', () => {
    expect(read(machineMermaid('link').replace('state "', 'state [')).status).not.toBe(0)
  })
})
