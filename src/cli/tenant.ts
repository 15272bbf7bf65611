import type { Command } from 'commander'
import type { Client } from './client.js'
import type { CommandHost, Outcome } from './command-host.js'
import { addTenantAdd } from './tenant-add.js'
import { addTenantCode } from './tenant-code.js'
import { addTenantList } from './tenant-list.js'
import { addTenantVerbs } from './tenant-verbs.js'

/** For commands that talk to a running server. */
export interface ClientHost {
  action<Arguments extends unknown[]>(
    run: (client: Client, ...given: Arguments) => Outcome,
  ): (...given: Arguments) => Promise<void>
}

export function addTenant(program: Command, host: CommandHost): void {
  const tenant = program
    .command('tenant')
    .description('see and steer the tenants of a running supervisor')
    .option('--url <address>', 'address of the server (or SUPERVISOR_URL; default http://127.0.0.1:PORT)')
    .addHelpText('after', '\nThe token, when the server has one, is taken from DASHBOARD_TOKEN.')
  const clientHost: ClientHost = {
    action: (perform) =>
      host.action(async (...given) => {
        const { Client } = await import('./client.js')
        return await perform(new Client(addressOf(tenant.opts<{ url?: string }>().url)), ...given)
      }),
  }
  addTenantList(tenant, clientHost)
  addTenantAdd(tenant, clientHost)
  addTenantCode(tenant, clientHost)
  addTenantVerbs(tenant, clientHost)
}

function addressOf(given: string | undefined): { url: string; token?: string } {
  const { SUPERVISOR_URL, PORT, DASHBOARD_TOKEN } = process.env
  const url = given || SUPERVISOR_URL || `http://127.0.0.1:${PORT || 3000}`
  return { url, token: DASHBOARD_TOKEN || undefined }
}
