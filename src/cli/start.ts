import type { Command } from 'commander'
import pc from 'picocolors'
import type { Config } from '../config.js'
import type { SupervisorOptions } from '../create-supervisor.js'
import type { Logger } from '../ports/index.js'
import type { HttpApi, Supervised } from '../server/index.js'
import type { Supervisor } from '../supervisor.js'
import type { WorkersOptions } from '../workers/run-workers.js'
import type { CommandHost } from './command-host.js'
import { describeRegistry, describeStore } from './describe-config.js'
import { refuseTakenPort } from './free-port.js'
import { firstSignal, stopInOrder } from './orderly-stop.js'
import { packageVersion } from './package-version.js'
import { Screen } from './screen.js'

export function addStart(program: Command, host: CommandHost): void {
  program
    .command('start')
    .description('run the supervisor with its HTTP API, until SIGTERM or Ctrl-C')
    .option('--workers <number>', 'processes to spread the tenants over; needs a PostgreSQL (WORKERS)')
    .action(host.action((options: { workers?: string }) => start(options)))
}

interface Running {
  readonly config: Config
  /** One in this process, or workers that are seen as one. */
  readonly supervisor: Supervised & Pick<Supervisor<unknown>, 'resume' | 'shutdown'>
  readonly api: HttpApi
  readonly logger: Logger
  /** Null: nobody watches, everything goes to the log. */
  readonly screen: Screen | null
}

async function start({ workers }: { workers?: string }): Promise<number> {
  const { configFromEnv } = await import('../config.js')
  const config = configFromEnv({ ...process.env, ...(workers === undefined ? {} : { WORKERS: workers }) })
  await refuseTakenPort(config.server)
  const running = await bringUp(config)
  const signalled = firstSignal()
  const { url } = await running.api.listen().catch(async (error: unknown) => {
    await running.supervisor.shutdown()
    throw error
  })
  tellStarted(running, url)
  resume(running)
  const signal = await signalled
  const exitCode = await stopInOrder({ ...running, sessionPath: config.sessionPath }, signal)
  // What the deadline left behind (an upload, a socket) would keep the process.
  process.exit(exitCode)
}

async function bringUp(config: Config): Promise<Running> {
  const { createDashboardServer } = await import('../dashboard/index.js')
  const { announceSessions } = await import('./announce.js')
  const screen = process.stdout.isTTY ? new Screen(process.stdout) : null
  const logger = await loggerOf(config, screen)
  const supervisor = await supervisorOf({ ...config, logger, resume: false, signals: false })
  announceSessions({ supervisor, logger, screen })
  return {
    config,
    supervisor,
    logger,
    screen,
    api: createDashboardServer(supervisor, { ...config.server, logger }),
  }
}

async function supervisorOf(options: WorkersOptions & SupervisorOptions): Promise<Running['supervisor']> {
  if (options.workers > 1) return await (await import('../workers/run-workers.js')).runWorkers(options)
  return await (await import('../create-supervisor.js')).createSupervisor(options)
}

async function loggerOf({ logLevel }: Config, screen: Screen | null): Promise<Logger> {
  if (screen === null) return (await import('../logger.js')).defaultLogger(logLevel)
  const { terminalLogger } = await import('./terminal-logger.js')
  return terminalLogger({ level: logLevel, now: () => Date.now(), write: (text) => screen.write(text) })
}

function tellStarted({ config, logger, screen }: Running, url: string): void {
  if (screen === null) {
    logger.info({ url, version: packageVersion() }, 'started')
    return
  }
  const access = config.server.token ? 'asks for the token' : 'no token: this machine only'
  const lines = [
    `${pc.bold('session-supervisor')} ${packageVersion()}`,
    `  sessions   ${config.sessionPath}`,
    `  backups    ${describeStore(config)}`,
    `  registry   ${describeRegistry(config)}`,
    ...(config.workers > 1 ? [`  workers    ${config.workers} processes`] : []),
    `  dashboard  ${url} ${pc.dim(`(${access})`)}`,
    '',
    `  Add a tenant, in another terminal: ${pc.bold('npx session-supervisor tenant add NAME')}`,
    '  Stop with Ctrl-C: the last changes are backed up first.',
  ]
  screen.write(`\n${lines.join('\n')}\n\n`)
}

function resume(running: Running): void {
  const { supervisor, logger } = running
  supervisor.resume().catch((error: unknown) => {
    if (supervisor.isShuttingDown) return
    logger.error({ err: error }, 'the tenants that are to run cannot be found yet; it is tried again')
  })
}
