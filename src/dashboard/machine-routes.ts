import { ok, type Reply, type Route, refusal } from '../server/index.js'
import { machineChart, machineNames } from '../visualizer/index.js'

/** The machines' charts: the same for every tenant, and no secret. */
export function machineRoutes(): Route[] {
  return [{ method: 'GET', path: '/machines/:name', handle: ({ params }) => machine(params.name!) }]
}

function machine(given: string): Reply {
  const name = machineNames.find((known) => known === given)
  return name === undefined ? refusal(404, 'notFound', 'There is no such machine.') : ok(machineChart(name))
}
