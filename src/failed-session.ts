import { release } from './actors/release.js'
import type { TenantWork } from './actors/tenant-work.js'
import type { CloseResult } from './session-api.js'
import type { SessionHost } from './session-host.js'

interface FailedRun {
  readonly work: TenantWork
  readonly link: { cut(): void }
  readonly actor: { getSnapshot(): { children: { link?: { send(event: { type: 'link.stop' }): void } } } }
}

/** XState stops a machine that throws, and nothing that it has invoked: no connection, lease or folder is to stay. */
export function cleanUpAfter<Socket>(
  host: SessionHost<Socket>,
  { work, link, actor }: FailedRun,
  result: CloseResult,
): void {
  const { tenantId } = work
  actor.getSnapshot().children.link?.send({ type: 'link.stop' })
  link.cut()
  work.track(release(host, work, { tenantId, ...result })).catch((error: unknown) => {
    host.logger.warn({ tenantId, err: error }, 'the lease is not given back; it will expire')
  })
}
