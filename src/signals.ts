import type { Logger } from './ports/index.js'

const signals = ['SIGTERM', 'SIGINT'] as const

/**
 * On the first SIGTERM or SIGINT: shuts down in order, then lets the same signal end the process as if nobody had
 * listened (unless somebody else does). A second one ends it at once. Returns the way to stop listening.
 */
export function shutDownOnSignals(supervisor: { shutdown(): Promise<unknown> }, logger: Logger): () => void {
  const undo = () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    undo()
    logger.info({ signal }, 'shutting down; the same signal again ends at once')
    supervisor
      .shutdown()
      .catch((error: unknown) => logger.error({ err: error }, 'shutdown failed'))
      .finally(() => {
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
      })
  }
  for (const signal of signals) process.on(signal, onSignal)
  return undo
}
