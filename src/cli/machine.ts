import { writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { SessionError } from '../errors.js'
import type { MachineName } from '../visualizer/index.js'
import type { CommandHost } from './command-host.js'

const formats = ['svg', 'png', 'mermaid', 'dot', 'json'] as const
type Format = (typeof formats)[number]

/** Offline: it opens no configuration, database or store. */
export function addMachine(program: Command, host: CommandHost): void {
  program
    .command('machine')
    .argument('[name]', 'tenant or link', 'tenant')
    .description('draw the machine that every session, or its link to WhatsApp, is')
    .addOption(new Option('--format <format>', 'what to write').choices(formats).default('svg'))
    .option('--output <file>', 'write to this file instead of standard output')
    .action(
      host.action(async (name: string, { format, output }: { format: Format; output?: string }) => {
        if (format === 'png' && output === undefined && process.stdout.isTTY) {
          throw new SessionError('invalid', 'A PNG is no text for a terminal; add --output FILE, or pipe it.')
        }
        // An unknown name is refused there.
        await write(await drawn(name as MachineName, format), output)
        return 0
      }),
    )
}

async function drawn(name: MachineName, format: Format): Promise<string | Uint8Array> {
  const visualizer = await import('../visualizer/index.js')
  switch (format) {
    case 'svg':
      return `${visualizer.machineSvg(name, { standalone: true })}\n`
    case 'png':
      return await visualizer.machinePng(name)
    case 'mermaid':
      return visualizer.machineMermaid(name)
    case 'dot':
      return visualizer.machineDot(name)
    case 'json':
      return `${JSON.stringify(visualizer.machineChart(name), null, 2)}\n`
  }
}

async function write(content: string | Uint8Array, output: string | undefined): Promise<void> {
  if (output === undefined) {
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(content, (error) => (error ? reject(error) : resolve())),
    )
    return
  }
  try {
    await writeFile(output, content)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new SessionError('invalid', `${output} cannot be written (${code}); choose another --output.`)
  }
}
