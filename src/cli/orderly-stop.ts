import { type Logger, systemClock } from '../ports/index.js'
import { bounded } from '../server/bounded.js'
import type { HttpApi } from '../server/index.js'
import { defaultSettings } from '../settings.js'
import type { Supervisor } from '../supervisor.js'
import type { ShutdownResult } from '../supervisor-api.js'
import { exitCodes } from './failure.js'
import type { Screen } from './screen.js'

export interface Stoppable {
  readonly supervisor: Pick<Supervisor<unknown>, 'shutdown'>
  readonly api: Pick<HttpApi, 'close'>
  readonly logger: Logger
  /** Null: nobody watches, everything goes to the log. */
  readonly screen: Screen | null
  /** Where changes are that no backup covers. */
  readonly sessionPath: string
}

/** The shutdown's own deadline, and as much again to close the registry and the store. */
const limitMs = 2 * defaultSettings.shutdownDeadlineMs

/** The first SIGTERM or SIGINT; a second one ends the process as if nobody had listened. */
export function firstSignal(): Promise<NodeJS.Signals> {
  const signals = ['SIGTERM', 'SIGINT'] as const
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      for (const each of signals) process.off(each, onSignal)
      resolve(signal)
    }
    for (const each of signals) process.on(each, onSignal)
  })
}

/** Takes no more requests, and shuts the supervisor down. Returns the exit code; never throws. */
export async function stopInOrder(parts: Stoppable, signal: string): Promise<number> {
  const { supervisor, api, logger, screen } = parts
  if (screen) screen.write('\nStopping: the last changes are backed up. Ctrl-C again ends at once.\n')
  else logger.info({ signal }, 'shutting down; a second signal ends at once')
  const apiClosed = api.close()
  try {
    const result = await bounded(supervisor.shutdown(), limitMs, 'The shutdown', systemClock)
    await apiClosed
    return tellStopped(result, parts)
  } catch (error) {
    logger.error({ err: error }, 'the shutdown failed; sessions go on from their files at the next start')
    return exitCodes.failed
  }
}

function tellStopped({ sessions, unprotected }: ShutdownResult, parts: Stoppable): number {
  if (unprotected.length === 0) {
    const count = sessions === 1 ? '1 session' : `${sessions} sessions`
    const what = sessions === 0 ? 'no session was running' : `${count}, every change is in the store`
    parts.screen?.write(`Stopped: ${what}.\n`)
    return 0
  }
  const list = unprotected.map(({ tenantId, unsaved }) => `${tenantId} (${unsaved})`).join(', ')
  parts.logger.error(
    { unprotected },
    `changes that no backup covers: ${list}. They are only in ${parts.sessionPath}; keep that directory and start again`,
  )
  return exitCodes.failed
}
