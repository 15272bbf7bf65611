import { readFileSync } from 'node:fs'
import { Resvg } from '@resvg/resvg-wasm'
import { describe, expect, it } from 'vitest'
import {
  type MachineName,
  machineChart,
  machineCss,
  machineNames,
  machinePng,
  machineSvg,
} from '../../src/visualizer/index.js'

const valuesOf = (svg: string, attribute: string) =>
  [...svg.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value]) => value!)

describe.each(machineNames)('the drawing of the %s machine', (name) => {
  const chart = machineChart(name)
  const svg = machineSvg(name)

  it('has every state, every transition and every actor exactly once', () => {
    expect(valuesOf(svg, 'data-state').sort()).toEqual(chart.states.map(({ id }) => id).sort())
    expect(valuesOf(svg, 'data-edge').sort()).toEqual(chart.edges.map(({ id }) => id).sort())
    const actors = [chart.root, ...chart.states].flatMap((state) => state.actors.map(({ id }) => id))
    expect(valuesOf(svg, 'data-actor').sort()).toEqual(actors.sort())
  })

  it('holds no style and no script for a page with a strict policy, and its style in a file of its own', () => {
    expect(svg).not.toMatch(/ style=|<style|<script| on\w+=|href=/)
    const alone = machineSvg(name, { standalone: true })
    expect(alone).toContain('<style>')
    expect(alone.replace(/<style>[^<]*<\/style>\n/, '')).toBe(svg)
    expect(alone).toContain('prefers-color-scheme')
  })

  it('is well-formed for a real reader of SVG', async () => {
    // Starts the reader.
    await machinePng(name)
    const alone = machineSvg(name, { standalone: true })
    const image = new Resvg(alone)
    expect([image.width, image.height]).toEqual(
      ['width', 'height'].map((side) => Number(valuesOf(alone, side)[0])),
    )
    image.free()
    expect(() => new Resvg(alone.replace('</desc>', ''))).toThrow()
  })

  it('tells what it is to whoever cannot see it', () => {
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="(\S+) (\S+)"/)
    expect(svg).toContain(`<title id="machine-${name}-title">`)
    expect(svg).toContain(`<desc id="machine-${name}-description">`)
  })

  it('is light or dark by the colours of its style sheet alone', () => {
    const used = [...machineCss.matchAll(/var\((--[\w-]+)\)/g)].map(([, property]) => property!)
    expect(used.length).toBeGreaterThan(5)
    for (const property of used) expect(machineCss.split(`${property}:`)).toHaveLength(3)
  })
})

it('is in the documents as it is now; if not, run npm run layout', () => {
  const committed = readFileSync(new URL('../../docs/tenant.svg', import.meta.url), 'utf8')
  expect(committed === `${machineSvg('tenant', { standalone: true })}\n`, 'run npm run layout').toBe(true)
})

describe('what is lit', () => {
  const active = ['connected', 'connected.dirty', 'connected.dirty.settling']
  const lastEdge = 'tenant:connected.clean|files.changed|1'

  it('are the active states, the innermost most, and the edge that was taken last', () => {
    const svg = machineSvg('tenant', { active, lastEdge })
    const lit = [...svg.matchAll(/<g class="(is-active[^"]*)" data-state="([^"]*)"/g)].map(
      ([, classes, id]) => [id, classes],
    )
    expect(lit).toEqual([
      ['connected', 'is-active'],
      ['connected.dirty', 'is-active'],
      ['connected.dirty.settling', 'is-active is-leaf'],
    ])
    expect([...svg.matchAll(/is-last/g)]).toHaveLength(1)
    expect(svg).toContain(`<g class="is-last" data-edge="${lastEdge}">`)
  })

  it('may be an edge that is a row of text', () => {
    const svg = machineSvg('tenant', { lastEdge: 'tenant:*|session.stop|0' })
    expect(svg).toMatch(/<text class="machine-row is-last" [^>]*data-edge="tenant:\*\|session\.stop\|0"/)
  })

  it('is nothing when nothing is given', () => {
    expect(machineSvg('tenant')).not.toMatch(/is-active|is-last/)
  })

  it('refuses a name that is no machine', () => {
    expect(() => machineSvg('session' as MachineName)).toThrow('There is no machine "session"')
  })
})
