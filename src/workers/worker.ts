import { openSupervisor, type SupervisorOptions } from '../create-supervisor.js'
import { errorByMessage } from '../error-by-message.js'
import { SessionError } from '../errors.js'
import { defaultLogger } from '../logger.js'
import { systemClock } from '../ports/index.js'
import { openSharedRoot } from '../session/index.js'
import { checkSettings } from '../settings.js'
import { HoldsByMessage } from './holds-by-message.js'
import type { FromWorker, ToWorker } from './messages.js'
import { callByName } from './worker-calls.js'
import { loggerByMessage } from './worker-logger.js'
import { loadModule } from './worker-module.js'
import type { WorkerOptions } from './worker-options.js'
import { WorkerTelling } from './worker-telling.js'

/* The main program of a worker process: a supervisor of its own that a parent steers. Forked by `WorkerProcess`. */

type Running = Awaited<ReturnType<typeof openSupervisor>>

const holds = new HoldsByMessage((type, tenantId) => tell({ type, tenantId }))
let supervisor: Running | null = null
let telling: WorkerTelling | null = null
let shutdownDeadlineMs = checkSettings().shutdownDeadlineMs
let isEnding = false

/** Resolves when it is on its way; a parent that is gone hears nothing. */
function tell(message: FromWorker): Promise<void> {
  return new Promise((sent) => {
    if (!process.connected) return sent()
    process.send!(message, () => sent())
  })
}

async function start(options: WorkerOptions): Promise<void> {
  const { worker, logLevel } = options
  const logger = loggerByMessage(logLevel, (message) => {
    if (process.connected) void tell(message)
    else defaultLogger(logLevel)[message.level]({ worker, ...message.fields }, message.message)
  })
  const module = options.module === null ? null : await loadModule(options.module)
  shutdownDeadlineMs = checkSettings(options.settings).shutdownDeadlineMs
  // The disk is one for all workers: its alerts come once, from the first, which is started again if it ends.
  const disk = worker === 1 ? {} : { readDisk: null }
  const own = { signals: false, resume: false, ...disk }
  const given: SupervisorOptions = { ...options, logger, ...module?.options, ...own }
  let ownerId = ''
  const opened = await openSupervisor(given, async (place) => {
    const root = await openSharedRoot({ ...place, worker, holds })
    ownerId = root.ownerId
    return root
  })
  supervisor = opened
  telling = new WorkerTelling(
    opened,
    systemClock,
    (told) => void tell({ type: 'told', told, uploads: opened.uploads }),
  )
  if (isEnding) return
  await module?.attach(opened, { worker })
  await tell({ type: 'ready', ownerId })
  if (!options.resume) return
  opened.resume().catch((error: unknown) => {
    logger.error({ err: error }, 'tenants not brought up; if the registry does not answer, it is tried again')
  })
}

/** Drains and ends the process, with 1 when something is not backed up. */
async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  // Whatever holds it: without its parent a worker does not live on.
  setTimeout(() => process.exit(1), 2 * shutdownDeadlineMs).unref()
  if (supervisor === null) return process.exit(process.connected ? 0 : 1)
  const result = await supervisor.shutdown()
  telling?.flush()
  await tell({ type: 'down', result })
  process.exit(result.unprotected.length > 0 ? 1 : 0)
}

function heard(message: ToWorker): void {
  switch (message.type) {
    case 'start':
      start(message.options).catch(async (error: unknown) => {
        await tell({ type: 'failed', error: errorByMessage(error) })
        process.exit(1)
      })
      break
    case 'call':
      void answer(message)
      break
    case 'facts':
      telling?.tellFacts()
      break
    case 'watch':
      telling?.watch(message.tenantId, message.isOn)
      break
    case 'hold':
      holds.answered(message.tenantId, message.granted)
      break
    case 'ping':
      void tell({ type: 'pong', uploads: supervisor?.uploads ?? { running: 0, waiting: 0 } })
      break
    case 'shutdown':
      void end()
  }
}

async function answer({ id, name, args }: Extract<ToWorker, { type: 'call' }>): Promise<void> {
  try {
    if (supervisor === null) throw new SessionError('unavailable', 'The worker is not up yet; try again.')
    const value = await callByName(supervisor, name, args)
    telling?.flush()
    await tell({ type: 'answer', id, value })
  } catch (error) {
    telling?.flush()
    await tell({ type: 'answer', id, error: errorByMessage(error) })
  }
}

process.on('message', (message) => heard(message as ToWorker))
process.on('disconnect', () => {
  holds.close()
  void end()
})
// The first one drains, as for a process of its own; a second one ends it at once.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
