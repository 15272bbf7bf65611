import { join } from 'node:path'
import { SessionError } from '../errors.js'
import type { Clock, Random } from '../ports/clock.js'
import { checkTenantId } from '../ports/tenant-id.js'
import type { Disk } from './disk.js'

/** Where things are below a session root. Tenant ids never start with a dot, so none is `.supervisor`. */
export class SessionPaths {
  readonly root: string
  readonly supervisor: string
  readonly incoming: string
  readonly quarantine: string
  readonly removing: string
  readonly owner: string
  readonly workers: string

  constructor(root: string) {
    this.root = root
    this.supervisor = join(root, '.supervisor')
    this.incoming = join(this.supervisor, 'incoming')
    this.quarantine = join(this.supervisor, 'quarantine')
    this.removing = join(this.supervisor, 'removing')
    this.owner = join(this.supervisor, 'owner.json')
    this.workers = join(this.supervisor, 'workers')
  }

  /** @throws SessionError `invalid` */
  folder(tenantId: string): string {
    return join(this.root, checkTenantId(tenantId))
  }

  /** What one of several workers has for itself: its lock and its id. */
  workerOf(worker: number): string {
    return join(this.workers, String(worker))
  }

  incomingOf(tenantId: string): string {
    return join(this.incoming, checkTenantId(tenantId))
  }

  quarantineOf(tenantId: string): string {
    return join(this.quarantine, checkTenantId(tenantId))
  }
}

export function isTenantId(name: string): boolean {
  try {
    checkTenantId(name)
    return true
  } catch {
    return false
  }
}

/** A path in the tenant's quarantine that does not exist yet, named after when and why; its parents exist. */
export function newQuarantinePath(
  paths: SessionPaths,
  tenantId: string,
  reason: string,
  { disk, clock, random }: { disk: Disk; clock: Clock; random: Random },
): string {
  disk.makeDirectory(paths.quarantineOf(tenantId))
  const time = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, '')
  for (;;) {
    const path = join(paths.quarantineOf(tenantId), `${time}-${reason}-${randomHex(random, 4)}`)
    if (disk.look(path) === null) return path
  }
}

/** A reason becomes part of a path. @throws SessionError `invalid` */
export function checkReason(reason: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(reason)) return
  throw new SessionError('invalid', 'A reason for the quarantine must be 1 to 64 characters of a-z 0-9 -.')
}

export function randomHex(random: Random, digits: number): string {
  let text = ''
  while (text.length < digits) text += Math.floor(random() * 16).toString(16)
  return text
}
