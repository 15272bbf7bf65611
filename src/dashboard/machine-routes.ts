import { type Reply, type Route, refusal } from '../server/index.js'

/** The machines' drawings and charts: the same for every tenant, and no secret. */
export function machineRoutes(): Route[] {
  return [{ method: 'GET', path: '/machines/:name', handle: ({ params }) => machine(params.name!) }]
}

function machine(_name: string): Reply {
  return refusal(404, 'notFound', 'There is no such machine.')
}
