import { type Measured, supervisorMetrics } from '../metrics/index.js'
import { ok } from './reply.js'
import type { Route } from './route.js'

/** `GET /metrics`, with the token like all else: the figures tell how large a business is. */
export class MetricsRoutes {
  readonly routes: readonly Route[]
  readonly #metrics: ReturnType<typeof supervisorMetrics>

  constructor(supervisor: Measured) {
    this.#metrics = supervisorMetrics(supervisor)
    // Told to who asks for them.
    this.#metrics.catch(() => {})
    const handle = async () => {
      const { contentType, text } = await this.#metrics
      return { ...ok(undefined), headers: { 'content-type': contentType }, text: await text() }
    }
    this.routes = [{ method: 'GET', path: '/metrics', handle }]
  }

  close(): void {
    void this.#metrics.then((metrics) => metrics.close()).catch(() => {})
  }
}
