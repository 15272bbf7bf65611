import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../src/visualizer/drawn-text.js'
import {
  machineChart,
  machineDot,
  machineMermaid,
  machineNames,
  machinePng,
  machineSvg,
} from '../../src/visualizer/index.js'
import { pngScale } from '../../src/visualizer/machine-png.js'
import { emptyFolder, runCli } from './run.js'

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const written = {
  svg: (name) => `${machineSvg(name, { standalone: true })}\n`,
  mermaid: machineMermaid,
  dot: machineDot,
  json: (name) => `${JSON.stringify(machineChart(name), null, 2)}\n`,
} satisfies Record<string, (name: (typeof machineNames)[number]) => string>

describe.each(machineNames)('session-supervisor machine %s', (name) => {
  it.each(Object.entries(written))('writes %s, and opens nothing', async (format, text) => {
    const cwd = await emptyFolder()
    const env = { DATABASE_URL: 'nonsense', HOST: '0.0.0.0' }
    const finished = await runCli(['machine', name, '--format', format], { cwd, env })
    expect(finished).toEqual({ exitCode: 0, stdout: text(name), stderr: '' })
    expect(await readdir(cwd)).toEqual([])
  })

  it('writes a PNG as large as the drawing, the same each time', async () => {
    const cwd = await emptyFolder()
    const finished = await runCli(['machine', name, '--format', 'png', '--output', 'it.png'], { cwd })
    expect(finished).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    const png = await readFile(path.join(cwd, 'it.png'))
    expect(png.subarray(0, 8)).toEqual(pngSignature)
    const [, width, height] = /^<svg [^>]*width="([\d.]+)" height="([\d.]+)"/.exec(machineSvg(name))!
    expect(Math.abs(png.readUInt32BE(16) - Number(width) * pngScale)).toBeLessThanOrEqual(1)
    expect(Math.abs(png.readUInt32BE(20) - Number(height) * pngScale)).toBeLessThanOrEqual(1)
    expect(png.equals(await machinePng(name))).toBe(true)
  })

  it.each(['mermaid', 'dot'] as const)('tells every state and every transition as %s', (format) => {
    const chart = machineChart(name)
    const lines = written[format](name).split('\n')
    const ids = lines.flatMap((line) => /(?:%% |\/\/ | \[id=")([^"]*)/.exec(line)?.[1] ?? [])
    expect(ids.sort()).toEqual(chart.edges.map(({ id }) => id).sort())
    const stated = {
      mermaid: /^ *state "(.*)" as (?!any_state)/,
      dot: /^ *(?:subgraph "cluster_|")([^"*]+)" [[{]/,
    }
    expect(lines.flatMap((line) => stated[format].exec(line)?.[1] ?? [])).toEqual(
      chart.states.map(({ id, key }) => (format === 'dot' ? id : key)),
    )
    const arrows = lines.filter((line) => (format === 'dot' ? /^ *"[^"]+" -> / : /^ *\w+ --> \w/).test(line))
    expect(arrows).toHaveLength(linesOf(chart).flatMap(({ edges }) => edges).length)
  })
})

describe('session-supervisor machine', () => {
  it('draws the tenant as SVG unless told otherwise', async () => {
    const { stdout } = await runCli(['machine'], { cwd: await emptyFolder() })
    expect(stdout).toBe(written.svg('tenant'))
  })

  it.each([
    [['session'], /There is no machine "session"; expected tenant or link/],
    [['link', '--format', 'gif'], /'gif' is invalid\. Allowed choices are svg, png, mermaid, dot, json/],
    [['--output', 'no/such/folder/it.svg'], /no\/such\/folder\/it\.svg cannot be written \(ENOENT\)/],
  ])('%j ends with exit code 2 and says what to do', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(['machine', ...args], { cwd: await emptyFolder() })
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    })
  })

  it('refuses to write a PNG to a terminal', async () => {
    const cwd = await emptyFolder()
    const preload = path.join(import.meta.dirname, 'terminal.mjs')
    const { exitCode, stdout, stderr } = await runCli(['machine', '--format', 'png'], { cwd, preload })
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/A PNG is no text for a terminal; add --output FILE/)
  })
})
