import { createHttpServer, type HttpApi, type HttpServerOptions } from '../server/index.js'
import type { Supervisor } from '../supervisor.js'
import { dashboard } from './dashboard.js'

/**
 * The HTTP API with the dashboard's page, as `npm start` serves them. Nothing listens before `listen`.
 * @throws SessionError `invalid` an address that others reach, without a token
 */
export function createDashboardServer<Socket>(
  supervisor: Supervisor<Socket>,
  options: Omit<HttpServerOptions, 'extend'> = {},
): HttpApi {
  return createHttpServer(supervisor, { ...options, extend: dashboard })
}
