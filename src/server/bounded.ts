import { SessionError } from '../errors.js'
import type { Clock } from '../ports/index.js'

/**
 * The outcome of `work`, or an error after `limitMs`: nobody waits longer, though the work may go on.
 * @throws SessionError `timeout`
 */
export function bounded<T>(work: Promise<T>, limitMs: number, what: string, clock: Clock): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      reject(new SessionError('timeout', `${what} took longer than ${limitMs} ms; it may still be going on.`))
    }, limitMs)
    work.then(resolve, reject).finally(() => clock.clearTimeout(timer))
  })
}
