import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { SessionError } from '../errors.js'
import type { TenantView } from '../server/index.js'
import type { Client, CodeView } from './client.js'
import { codeLines } from './qr.js'
import { Screen } from './screen.js'
import type { ClientHost } from './tenant.js'

const pollMs = 700

export function addTenantAdd(tenant: Command, host: ClientHost): void {
  tenant
    .command('add')
    .argument('<tenant>', 'its id: A-Z a-z 0-9 _ - . @')
    .description('start a tenant; shows its QR code (or pairing code) until it is connected')
    .option('--phone <number>', 'link by a code typed on the phone with this number, instead of a QR code')
    .option('--no-wait', 'only start it')
    .option('--timeout <seconds>', 'longest wait for the connection', wholeSeconds, 300)
    .action(
      host.action(async (client, tenantId: string, options: AddOptions) => {
        const added = await client.add(tenantId, options.phone)
        if (!options.wait) {
          process.stdout.write(`${tenantId} is started.\n`)
          return 0
        }
        const connected = await untilConnected(client, added, options.timeout * 1000)
        const number = connected.phoneNumber ? ` as ${connected.phoneNumber}` : ''
        process.stdout.write(`${pc.green('✓')} ${pc.bold(tenantId)} is connected${number}.\n`)
        return 0
      }),
    )
}

interface AddOptions {
  readonly phone?: string
  readonly wait: boolean
  readonly timeout: number
}

function wholeSeconds(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value > 0 && value <= 86_400) return value
  throw new InvalidArgumentError('Expected a number of seconds.')
}

/** @throws SessionError `ended` · `timeout` */
async function untilConnected(client: Client, added: TenantView, limitMs: number): Promise<TenantView> {
  const { tenantId } = added
  const progress = new Progress(tenantId)
  const until = Date.now() + limitMs
  let view = added
  for (;;) {
    if (view.link === 'open' && view.runs === 'here') break
    if (view.endReason !== null) {
      throw new SessionError('ended', `The session of ${tenantId} ended: ${view.endReason}.`)
    }
    if (Date.now() > until) {
      throw new SessionError(
        'timeout',
        `${tenantId} is not connected yet (${view.status}); it goes on in the server.`,
      )
    }
    progress.show(view, view.link === 'pairing' ? await client.code(tenantId) : null)
    await sleep(pollMs)
    view = await client.tenant(tenantId)
  }
  progress.end()
  // The number reaches the registry within a second.
  for (let round = 0; view.phoneNumber === null && round < 3; round++) {
    await sleep(pollMs)
    view = await client.tenant(tenantId)
  }
  return view
}

/** The newest code, drawn where the one before it was, and what happens while there is none. */
class Progress {
  readonly #tenantId: string
  readonly #screen = new Screen(process.stdout)
  #told = ''

  constructor(tenantId: string) {
    this.#tenantId = tenantId
  }

  show(view: TenantView, code: CodeView | null): void {
    if (code !== null) this.#show(code)
    else if (view.link === 'connecting') this.#tell('Connecting to WhatsApp …')
    else if (view.link === 'waiting') this.#tell('WhatsApp does not answer; it is tried again …')
    else if (view.lastError === 'leased') this.#tell('It runs on another host; waiting for that to end …')
    else if (view.status === 'RESTORING') this.#tell('Looking for its session …')
  }

  end(): void {
    this.#screen.erase()
  }

  #show({ kind, code }: CodeView): void {
    if (!process.stdout.isTTY) {
      this.#tell(
        `A code is ready. Show it in a terminal: npx session-supervisor tenant code ${this.#tenantId}`,
      )
    } else if (this.#isNew(code)) {
      this.#screen.draw(codeLines(this.#tenantId, kind, code, this.#screen))
    }
  }

  #tell(line: string): void {
    if (!this.#isNew(line)) return
    this.#screen.erase()
    this.#screen.write(`${line}\n`)
  }

  #isNew(text: string): boolean {
    const isNew = this.#told !== text
    this.#told = text
    return isNew
  }
}
