import type { LogLevel } from '../config.js'
import { withErrorsByMessage } from '../error-by-message.js'
import type { Logger } from '../ports/index.js'
import type { FromWorker, LogLevelName } from './messages.js'

type LogMessage = Extract<FromWorker, { type: 'log' }>

const ranks: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: 100,
}

/** What a worker logs, its parent writes: one log, and a screen that nobody else writes to. */
export function loggerByMessage(level: LogLevel, send: (message: LogMessage) => void): Logger {
  const at = (name: LogLevelName) => (fields: object, message: string) => {
    if (ranks[name] < ranks[level]) return
    send({ type: 'log', level: name, fields: withErrorsByMessage(fields), message })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
