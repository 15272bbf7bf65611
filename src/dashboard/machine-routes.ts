import { ok, type Reply, type Route, refusal } from '../server/index.js'
import { machineChart, machineCss, machineNames, machineSvg } from '../visualizer/index.js'

/** The machines' drawings and charts: the same for every tenant, and no secret. */
export function machineRoutes(): Route[] {
  return [{ method: 'GET', path: '/machines/:name', handle: ({ params }) => machine(params.name!) }]
}

function machine(asked: string): Reply {
  if (asked === 'machine.css')
    return { status: 200, text: machineCss, headers: typed('text/css; charset=utf-8') }
  const name = machineNames.find((known) => asked === known || asked === `${known}.svg`)
  if (name === undefined) return refusal(404, 'notFound', 'There is no such machine.')
  if (asked === name) return ok(machineChart(name))
  return { status: 200, text: machineSvg(name), headers: typed('image/svg+xml') }
}

function typed(type: string): Record<string, string> {
  return { 'content-type': type }
}
