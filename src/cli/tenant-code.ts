import type { Command } from 'commander'
import { SessionError } from '../errors.js'
import { codeLines } from './qr.js'
import type { ClientHost } from './tenant.js'

/** Where no size is known, a person will make room. */
const anySize = { columns: 400, rows: 400 }

export function addTenantCode(tenant: Command, host: ClientHost): void {
  tenant
    .command('code')
    .alias('qr')
    .argument('<tenant>')
    .description('show the QR code or pairing code that a tenant waits with now. It is a secret')
    .option('--json', 'as JSON', false)
    .action(
      host.action(async (client, tenantId: string, { json }: { json: boolean }) => {
        const code = await client.code(tenantId)
        if (code === null) {
          throw new SessionError(
            'unavailable',
            `${tenantId} shows no code now: it is not waiting to be paired. See "npx session-supervisor tenant show ${tenantId}".`,
          )
        }
        const lines = json
          ? [JSON.stringify(code)]
          : codeLines(tenantId, code.kind, code.code, process.stdout.isTTY ? process.stdout : anySize)
        process.stdout.write(`${lines.join('\n')}\n`)
        return 0
      }),
    )
}
