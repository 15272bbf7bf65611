import type { RestoreOutput } from '../../machines/contracts.js'
import { readCreds } from '../replication/marks.js'
import type { Base } from '../session/base.js'
import type { OpenOptions } from '../session/open-folder.js'
import type { Host } from './host.js'
import type { TenantWork } from './tenant-work.js'

/** Opens the tenant's folder and tells the machine where it stands. */
export async function openWork(
  host: Host,
  work: TenantWork,
  options: Omit<OpenOptions, 'base'> & { base: Base },
  session: RestoreOutput['session'],
): Promise<RestoreOutput> {
  const folder = await host.root.open(work.tenantId, options)
  if (work.isOver) await folder.close()
  work.checkLive()
  const dirty = folder.unsavedCount > 0
  work.openFolder(folder, dirty ? 0 : folder.position)
  work.phoneNumber = readCreds(options.copy?.files.get('creds.json'))?.phoneNumber ?? work.phoneNumber
  return { session, changeSeq: folder.position, savedSeq: work.savedPosition }
}
