import type { ApiExtension, ApiParts } from '../server/index.js'
import { Assets } from './assets.js'
import { EventHub } from './event-hub.js'
import { Generations } from './generations.js'
import { machineRoutes } from './machine-routes.js'
import { packageVersion } from './package-version.js'
import { pageRoutes } from './page-routes.js'
import { tenantDetailRoutes } from './tenant-detail-routes.js'
import { Timeline } from './timeline.js'

/** The dashboard's routes, for a server of this package or of another's. */
export function dashboard(
  parts: ApiParts,
): ApiExtension & { readonly hub: EventHub; readonly timeline: Timeline } {
  const version = packageVersion()
  const timeline = new Timeline(parts)
  const hub = new EventHub({ ...parts, timeline, version })
  const generations = new Generations({ ...parts, timeline })
  return {
    hub,
    timeline,
    routes: [
      ...pageRoutes({ ...parts, assets: new Assets(), version, signedOut: () => void hub.recheck() }),
      ...tenantDetailRoutes({ ...parts, timeline, generations }),
      ...machineRoutes(),
      { method: 'GET', path: '/events', handle: (request) => hub.open(request) },
    ],
    close: () => {
      hub.close()
      timeline.close()
    },
  }
}
