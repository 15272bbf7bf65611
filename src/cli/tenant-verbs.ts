import type { Command } from 'commander'
import pc from 'picocolors'
import { SessionError } from '../errors.js'
import type { TenantView } from '../server/index.js'
import type { ClientHost } from './tenant.js'
import { describeTenant } from './tenant-text.js'

export function addTenantVerbs(tenant: Command, host: ClientHost): void {
  addShow(tenant, host)
  addVerb(
    tenant,
    host,
    'start',
    'start a tenant that is known; it is brought up again until it is stopped',
    started,
  )
  addVerb(
    tenant,
    host,
    'stop',
    'back up, disconnect, and stay stopped; the session stays in the store',
    stopped,
  )
  addBackup(tenant, host, 'backup', 'wait until every change up to now is in the store')
  addBackup(tenant, host, 'audit', 'as backup, after looking for changes made by other programs')
  addLogout(tenant, host)
}

function addShow(tenant: Command, host: ClientHost): void {
  tenant
    .command('show')
    .argument('<tenant>')
    .description('everything about one tenant')
    .option('--json', 'as JSON', false)
    .action(
      host.action(async (client, tenantId: string, { json }: { json: boolean }) => {
        const view = await client.tenant(tenantId)
        const lines = json ? [JSON.stringify(view, null, 2)] : describeTenant(view, Date.now())
        process.stdout.write(`${lines.join('\n')}\n`)
        return 0
      }),
    )
}

function addVerb(
  tenant: Command,
  host: ClientHost,
  verb: string,
  description: string,
  done: (view: TenantView) => string,
): void {
  tenant
    .command(verb)
    .argument('<tenant>')
    .description(description)
    .action(
      host.action(async (client, tenantId: string) => {
        tell(done(await client.act(tenantId, verb)))
        return 0
      }),
    )
}

function addBackup(tenant: Command, host: ClientHost, verb: 'backup' | 'audit', description: string): void {
  tenant
    .command(verb)
    .argument('<tenant>')
    .description(description)
    .action(
      host.action(async (client, tenantId: string) => {
        const before = await client.tenant(tenantId)
        tell(backedUp(await client.act(tenantId, verb), before))
        return 0
      }),
    )
}

function addLogout(tenant: Command, host: ClientHost): void {
  tenant
    .command('logout')
    .argument('<tenant>')
    .description('unlink the device at WhatsApp and delete the session everywhere. It cannot be undone')
    .option('-y, --yes', 'say that it is meant', false)
    .option('--force', 'delete even when WhatsApp cannot be reached to unlink the device', false)
    .action(
      host.action(async (client, tenantId: string, { yes, force }: { yes: boolean; force: boolean }) => {
        if (!yes) {
          throw new SessionError(
            'invalid',
            `This unlinks ${tenantId} at WhatsApp and deletes its session and every backup; add --yes if that is meant. Nothing was touched.`,
          )
        }
        tell(loggedOut(await client.act(tenantId, 'logout', { force })))
        return 0
      }),
    )
}

function tell(line: string): void {
  process.stdout.write(`${pc.green('✓')} ${line}\n`)
}

function started({ tenantId, status }: TenantView): string {
  return `${tenantId} is started (${status}).`
}

function stopped({ tenantId, unprotectedChanges, runs }: TenantView): string {
  if (runs === 'elsewhere') {
    return `${tenantId} is not to be started again, but it runs on another host; stop it there, too.`
  }
  return unprotectedChanges === 0
    ? `${tenantId} is stopped; every change is in the store.`
    : `${tenantId} is stopped; ${unprotectedChanges} changes are only on the disk of the server.`
}

/** Said of what was committed alone: without a new backup, that there was nothing to put into one. */
function backedUp({ tenantId, generation }: TenantView, before: TenantView): string {
  if (generation === 0) return `${tenantId} has nothing to back up yet: it is not paired.`
  return generation === before.generation
    ? `${tenantId} has not changed since it was backed up last (number ${generation}).`
    : `${tenantId} is backed up (number ${generation}).`
}

function loggedOut({ tenantId, lastError }: TenantView): string {
  return lastError === 'notUnlinked'
    ? `${tenantId} is deleted; WhatsApp was not reached, so remove the device on the phone, too.`
    : `${tenantId} is logged out and deleted.`
}
