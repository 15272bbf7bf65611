import pc from 'picocolors'
import type { LogLevel } from '../config.js'
import type { Logger } from '../ports/index.js'

const ranks: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  silent: 100,
}

export interface TerminalLoggerOptions {
  readonly level: LogLevel
  readonly now: () => number
  /** Takes whole lines, each with its line end. */
  readonly write: (text: string) => void
}

/** A line a fact, for a person who watches. */
export function terminalLogger({ level, now, write }: TerminalLoggerOptions): Logger {
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      if (ranks[name] < ranks[level]) return
      const time = pc.dim(new Date(now()).toTimeString().slice(0, 8))
      write(`${time} ${marks[name]}${lineOf(fields as Fields, message, ranks[level] <= ranks.debug)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

interface Fields {
  readonly tenantId?: string
  readonly err?: unknown
  readonly [name: string]: unknown
}

const marks = {
  debug: `${pc.dim('debug')} `,
  info: '',
  warn: `${pc.yellow('warning:')} `,
  error: `${pc.red('error:')} `,
}

function lineOf({ tenantId, err, ...rest }: Fields, message: string, isDebug: boolean): string {
  const who = tenantId === undefined ? '' : `${pc.bold(tenantId)} `
  const details = Object.entries(rest)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  const tail = details.length > 0 ? ` ${pc.dim(details.join(' '))}` : ''
  return `${who}${message}${tail}${errorOf(err, isDebug)}`
}

function errorOf(error: unknown, isDebug: boolean): string {
  if (error === undefined) return ''
  if (!(error instanceof Error)) return `: ${String(error)}`
  return isDebug && error.stack ? `\n${pc.dim(error.stack)}` : `: ${error.message}`
}
