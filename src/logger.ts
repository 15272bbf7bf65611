import { pino } from 'pino'
import type { Logger } from './ports/index.js'

/** One JSON line a fact, to standard error, so that standard output stays the program's own. */
export function defaultLogger(level: string): Logger {
  return pino({ level, base: undefined }, pino.destination({ dest: 2, sync: true }))
}
