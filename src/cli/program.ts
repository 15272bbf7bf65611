import { Command, CommanderError } from 'commander'
import type { CommandHost } from './command-host.js'
import { loadDotEnv } from './dot-env.js'
import { exitCodes, tellError } from './failure.js'
import { addMachine } from './machine.js'
import { addMigrate } from './migrate.js'
import { packageVersion } from './package-version.js'
import { addSetup } from './setup.js'
import { addStart } from './start.js'
import { addTenant } from './tenant.js'

/** Runs the command line; never throws. Returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const host: CommandHost = {
    action:
      (perform) =>
      async (...given) => {
        loadDotEnv()
        exitCode = await perform(...given)
      },
  }
  try {
    await programOf(host).parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
    return tellError(error)
  }
}

function programOf(host: CommandHost): Command {
  const program = new Command('session-supervisor')
    .description('Keeps WhatsApp sessions made with Baileys alive when the machine they run on is lost.')
    .version(packageVersion(), '-v, --version')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
  addStart(program, host)
  addTenant(program, host)
  addSetup(program, host)
  addMigrate(program, host)
  addMachine(program, host)
  addDemo(program, host)
  program.addHelpText(
    'after',
    '\nConfiguration comes from the environment and from .env in the current directory; see .env.example.',
  )
  return program
}

function addDemo(program: Command, host: CommandHost): void {
  program
    .command('demo')
    .description('show a restart on another host without a QR scan, with nothing but this machine')
    .option('--json', 'end with one line of JSON', false)
    .option('--keep', 'keep the files that the demo made', false)
    .action(
      host.action(async (options: { json: boolean; keep: boolean }) => {
        // A name that is not a literal: the module is only needed, and only loaded, here.
        const name = './demo.js'
        const { runDemo } = (await import(name)) as {
          runDemo(options: { json: boolean; keep: boolean }): Promise<number>
        }
        return await runDemo(options)
      }),
    )
}
