import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { SessionError } from '../errors.js'
import type { TenantView } from '../server/index.js'
import type { Client, CodeView } from './client.js'
import { codeLines } from './qr.js'
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
  const screen = new CodeScreen(tenantId)
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
    screen.show(view, view.link === 'pairing' ? await client.code(tenantId) : null)
    await sleep(pollMs)
    view = await client.tenant(tenantId)
  }
  screen.clear()
  // The number reaches the registry within a second.
  for (let round = 0; view.phoneNumber === null && round < 3; round++) {
    await sleep(pollMs)
    view = await client.tenant(tenantId)
  }
  return view
}

/** The newest code, drawn where the one before it was. */
class CodeScreen {
  readonly #tenantId: string
  #code = ''
  #state = ''
  #lines = 0

  constructor(tenantId: string) {
    this.#tenantId = tenantId
  }

  show(view: TenantView, code: CodeView | null): void {
    if (code !== null && code.code !== this.#code) this.#draw(code)
    else if (code === null && view.link !== 'pairing') this.#tell(view)
  }

  clear(): void {
    const { isTTY, rows } = process.stdout
    // What has scrolled out of the screen cannot be reached.
    if (isTTY && this.#lines > 0 && this.#lines < rows) process.stdout.write(`\u001b[${this.#lines}A\u001b[J`)
    this.#lines = 0
  }

  #draw({ kind, code }: CodeView): void {
    this.#code = code
    if (!process.stdout.isTTY) {
      this.#say(`A code is ready. Show it in a terminal: session-supervisor tenant code ${this.#tenantId}`)
      return
    }
    this.clear()
    const lines = codeLines(this.#tenantId, kind, code, process.stdout.columns)
    process.stdout.write(`${lines.join('\n')}\n`)
    this.#lines = lines.length
  }

  #tell({ link, status, lastError }: TenantView): void {
    if (link === 'connecting') this.#say('Connecting to WhatsApp …')
    else if (link === 'waiting') this.#say('WhatsApp does not answer; it is tried again …')
    else if (lastError === 'leased') this.#say('It runs on another host; waiting for that to end …')
    else if (status === 'RESTORING') this.#say('Looking for its session …')
  }

  #say(line: string): void {
    if (this.#state === line) return
    this.#state = line
    this.clear()
    process.stdout.write(`${line}\n`)
  }
}
