import { createServer } from 'node:net'
import type { Command } from 'commander'
import pc from 'picocolors'
import type { Config } from '../config.js'
import { isSessionError, SessionError } from '../errors.js'
import type { Logger } from '../ports/index.js'
import type { HttpApi } from '../server/index.js'
import type { ShutdownResult, Supervisor } from '../supervisor.js'
import { exitCodes } from './failure.js'
import type { CommandHost } from './program.js'
import { packageVersion } from './program.js'

/** Between tries to find the tenants that are to run, while the registry does not answer. */
const resumeRetryMs = 5_000

export function addStart(program: Command, host: CommandHost): void {
  program
    .command('start')
    .description('run the supervisor with its HTTP API, until SIGTERM or Ctrl-C')
    .action(host.action(() => start()))
}

interface Running {
  readonly config: Config
  readonly supervisor: Supervisor<unknown>
  readonly api: HttpApi
  readonly logger: Logger
  readonly isWatched: boolean
}

async function start(): Promise<number> {
  const { configFromEnv } = await import('../config.js')
  const config = configFromEnv()
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
  const exitCode = await stop(running, signal)
  // What the deadline left behind (an upload, a socket) would keep the process.
  process.exit(exitCode)
}

async function bringUp(config: Config): Promise<Running> {
  const { createSupervisor } = await import('../create-supervisor.js')
  const { createHttpServer } = await import('../server/index.js')
  const { announceSessions } = await import('./announce.js')
  const isWatched = process.stdout.isTTY === true
  const logger = await loggerOf(config, isWatched)
  const supervisor = await createSupervisor({ ...config, logger, resume: false, signals: false })
  const terminal = isWatched
    ? { columns: () => process.stdout.columns, write: (text: string) => void process.stdout.write(text) }
    : null
  announceSessions({ supervisor, logger, terminal })
  return {
    config,
    supervisor,
    logger,
    isWatched,
    api: createHttpServer(supervisor, { ...config.server, logger }),
  }
}

async function loggerOf({ logLevel }: Config, isWatched: boolean): Promise<Logger> {
  if (!isWatched) return (await import('../logger.js')).defaultLogger(logLevel)
  const { terminalLogger } = await import('./terminal-logger.js')
  const write = (text: string) => void process.stdout.write(text)
  return terminalLogger({ level: logLevel, now: () => Date.now(), write })
}

/** Before anything is opened or made: a second start in the same place is the likeliest mistake. */
function refuseTakenPort({ host, port }: Config['server']): Promise<void> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      // Every other problem is told by the server itself.
      if (cause.code !== 'EADDRINUSE') return resolve()
      const message = `Port ${port} of ${host} is taken by another program. End that, or set PORT to another one. Nothing was touched.`
      reject(new SessionError('unavailable', message, { cause }))
    })
    probe.listen({ host, port }, () => probe.close(() => resolve()))
  })
}

function tellStarted({ config, logger, isWatched }: Running, url: string): void {
  if (!isWatched) return logger.info({ url, version: packageVersion() }, 'started')
  const access = config.server.token ? 'with the token' : 'no token: programs of this machine only'
  const lines = [
    `${pc.bold('session-supervisor')} ${packageVersion()}`,
    `  sessions   ${config.sessionPath}`,
    `  backups    ${describeStore(config)}`,
    `  registry   ${describeRegistry(config)}`,
    `  HTTP API   ${url} ${pc.dim(`(${access})`)}`,
    '',
    `  Add a tenant, in another terminal: ${pc.bold('session-supervisor tenant add NAME')}`,
    '  Stop with Ctrl-C: the last changes are backed up first.',
  ]
  process.stdout.write(`\n${lines.join('\n')}\n\n`)
}

export function describeStore({ store }: Config): string {
  if (store.kind === 'supabase') return `bucket ${store.bucket} of ${new URL(store.url).host}`
  return store.kind === 'directory' ? store.path : 'memory'
}

/** Without user and password. */
export function describeRegistry({ registry }: Config): string {
  if (registry.kind === 'postgresql') return `PostgreSQL at ${hostOf(registry.url)}`
  return registry.kind === 'pglite' ? `embedded PostgreSQL in ${registry.path}` : 'memory'
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'DATABASE_URL'
}

function resume(running: Running): void {
  const { supervisor, logger } = running
  supervisor.resume().catch((error: unknown) => {
    if (supervisor.isShuttingDown) return
    logger.error({ err: error }, 'the tenants that are to run cannot be found yet; it is tried again')
    setTimeout(() => {
      if (!supervisor.isShuttingDown) resume(running)
    }, resumeRetryMs).unref()
  })
}

/** The first of them; a second one ends the process as if nobody had listened. */
function firstSignal(): Promise<NodeJS.Signals> {
  const signals = ['SIGTERM', 'SIGINT'] as const
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      for (const each of signals) process.off(each, onSignal)
      resolve(signal)
    }
    for (const each of signals) process.on(each, onSignal)
  })
}

async function stop(
  { config, supervisor, api, logger, isWatched }: Running,
  signal: string,
): Promise<number> {
  if (isWatched)
    process.stdout.write('\nStopping: the last changes are backed up. Ctrl-C again ends at once.\n')
  else logger.info({ signal }, 'shutting down; a second signal ends at once')
  const apiClosed = api.close()
  try {
    const result = await supervisor.shutdown()
    await apiClosed
    return tellStopped(result, config, logger, isWatched)
  } catch (error) {
    logger.error({ err: error }, 'the shutdown failed')
    return isSessionError(error, 'closed') ? 0 : exitCodes.failed
  }
}

function tellStopped(
  { sessions, unprotected }: ShutdownResult,
  { sessionPath }: Config,
  logger: Logger,
  isWatched: boolean,
): number {
  if (unprotected.length === 0) {
    const count = sessions === 1 ? '1 session' : `${sessions} sessions`
    const what = sessions === 0 ? 'no session was running' : `${count} stopped, every change is in the store`
    if (isWatched) process.stdout.write(`Stopped: ${what}.\n`)
    return 0
  }
  const list = unprotected.map(({ tenantId, unsaved }) => `${tenantId} (${unsaved})`).join(', ')
  logger.error(
    { unprotected },
    `changes that no backup covers: ${list}. They are only in ${sessionPath}; keep that directory and start again`,
  )
  return exitCodes.failed
}
