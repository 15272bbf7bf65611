import pc from 'picocolors'
import { type ErrorCode, isSessionError } from '../errors.js'

export const exitCodes = { failed: 1, usage: 2 } as const

/** What a person has to change before it can work. */
const configuration = new Set<ErrorCode>(['invalid', 'denied', 'missing', 'locked'])

export function exitCodeOf(error: unknown): number {
  return isSessionError(error) && configuration.has(error.code) ? exitCodes.usage : exitCodes.failed
}

/** One line on standard error; the rest only for whoever asks with LOG_LEVEL=debug. Returns the exit code. */
export function tellError(error: unknown): number {
  const colours = pc.createColors(process.stderr.isTTY && pc.isColorSupported)
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${colours.red('error:')} ${message.replaceAll('\n', ' ')}\n`)
  if (isDebug()) console.error(error)
  return exitCodeOf(error)
}

function isDebug(): boolean {
  return process.env.LOG_LEVEL === 'debug' || process.env.LOG_LEVEL === 'trace'
}
