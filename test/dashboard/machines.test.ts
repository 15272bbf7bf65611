import { describe, expect, it } from 'vitest'
import { machineChart, machineCss, machineSvg } from '../../src/visualizer/index.js'
import { bearer, startDashboard, token } from './setup.js'

describe('the machines of the dashboard', () => {
  const start = async () => {
    const { port } = await startDashboard({ token })
    return (name: string) => fetch(`http://127.0.0.1:${port}/machines/${name}`, { headers: bearer })
  }

  it.each(['tenant', 'link'] as const)('gives the drawing and the chart of the %s', async (name) => {
    const get = await start()
    const svg = await get(`${name}.svg`)
    expect([svg.status, svg.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
    expect(await svg.text()).toBe(machineSvg(name))
    expect(await (await get(name)).json()).toEqual(JSON.parse(JSON.stringify(machineChart(name))))
  })

  it('gives the style of the drawings', async () => {
    const css = await (await start())('machine.css')
    expect([css.status, css.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
    expect(await css.text()).toBe(machineCss)
  })

  it.each([
    'session',
    'session.svg',
    'tenant.png',
    'constructor',
    '..%2Ftenant',
  ])('has no %s', async (name) => {
    expect((await (await start())(name)).status).toBe(404)
  })
})
