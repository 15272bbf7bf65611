import type { Command } from 'commander'
import pc from 'picocolors'
import type { TenantView } from '../server/index.js'
import { drawTable } from './table.js'
import type { ClientHost } from './tenant.js'
import { ageText } from './tenant-text.js'

export function addTenantList(tenant: Command, host: ClientHost): void {
  tenant
    .command('list')
    .alias('ls')
    .description('all tenants: state, link, changes that no backup covers, last backup')
    .option('--json', 'as JSON', false)
    .action(
      host.action(async (client, { json }: { json: boolean }) => {
        const answer = await client.tenants()
        if (json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
        else process.stdout.write(`${listText(answer.tenants, Date.now()).join('\n')}\n`)
        if (answer.registry !== 'ok') {
          process.stderr.write(
            'warning: the registry does not answer; tenants of other hosts may be missing or old\n',
          )
        }
        return 0
      }),
    )
}

export function listText(tenants: readonly TenantView[], now: number): string[] {
  if (tenants.length === 0) return ['No tenants yet. Add one: npx session-supervisor tenant add NAME']
  const heads = ['TENANT', 'STATUS', 'LINK', 'UNPROTECTED', 'LAST BACKUP', 'NUMBER', 'NOTE']
  const rows = tenants.map((tenant) => [
    tenant.tenantId,
    tenant.status,
    tenant.runs === 'here' ? tenant.link : '–',
    tenant.unprotectedChanges === 0
      ? '0'
      : `${tenant.unprotectedChanges} for ${ageText(tenant.unprotectedAgeMs)}`,
    tenant.lastBackupAt === null ? 'never' : `${ageText(now - Date.parse(tenant.lastBackupAt))} ago`,
    tenant.phoneNumber ?? '–',
    noteOf(tenant),
  ])
  return drawTable(heads, rows, (text, { row, column }) => {
    if (row < 0) return pc.dim(text)
    if (column === 1) return colourOf(tenants[row]!)(text)
    return column === 3 && tenants[row]!.unprotectedChanges > 0 ? pc.yellow(text) : text
  })
}

function noteOf(tenant: TenantView): string {
  if (tenant.runs === 'elsewhere') return 'runs on another host'
  if (tenant.runs === 'no') return tenant.endReason ? `ended: ${tenant.endReason}` : 'not running'
  return tenant.lastError ? `last error: ${tenant.lastError}` : ''
}

function colourOf({ status }: TenantView): (text: string) => string {
  if (status === 'CONNECTED') return pc.green
  return status === 'PAIRING' || status === 'RESTORING' ? pc.cyan : pc.yellow
}
