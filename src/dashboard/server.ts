import { createHttpServer, type HttpApi, type HttpServerOptions, type Supervised } from '../server/index.js'
import { dashboard } from './dashboard.js'

/**
 * The HTTP API with the dashboard's page, as `npm start` serves them. Nothing listens before `listen`.
 * @throws SessionError `invalid` an address that others reach, without a token
 */
export function createDashboardServer(
  supervisor: Supervised,
  options: Omit<HttpServerOptions, 'extend'> = {},
): HttpApi {
  return createHttpServer(supervisor, { ...options, extend: dashboard })
}
