import { SessionError } from '../errors.js'
import type { Timers } from './clock.js'

interface Waiter {
  check(): boolean
  fail(error: SessionError): void
}

/** Promises that settle when something in the simulated world becomes true. */
export class Waiting {
  private readonly waiters = new Set<Waiter>()
  private readonly timers: Timers
  private closed = false

  constructor(timers: Timers) {
    this.timers = timers
  }

  /**
   * Resolves with the first value of `probe` that is not undefined; probed now and after every change.
   * Throws `timeout` after `timeoutMs`, `closed` when the server is closed.
   */
  until<T>(what: string, timeoutMs: number, probe: () => T | undefined): Promise<T> {
    if (this.closed) return Promise.reject(closedError(what))
    const now = probe()
    if (now !== undefined) return Promise.resolve(now)
    return new Promise<T>((resolve, reject) => {
      const settle = (act: () => void) => {
        this.waiters.delete(waiter)
        cancel()
        act()
      }
      const waiter: Waiter = {
        check: () => {
          const value = probe()
          if (value === undefined) return false
          settle(() => resolve(value))
          return true
        },
        fail: (error) => settle(() => reject(error)),
      }
      const cancel = this.timers.after(timeoutMs, () =>
        settle(() => reject(new SessionError('timeout', `Waited ${timeoutMs} ms for ${what} in vain.`))),
      )
      this.waiters.add(waiter)
    })
  }

  /** To be called after every change that somebody may be waiting for. */
  changed(): void {
    for (const waiter of [...this.waiters]) waiter.check()
  }

  close(): void {
    this.closed = true
    for (const waiter of [...this.waiters]) waiter.fail(closedError('something'))
  }
}

function closedError(what: string): SessionError {
  return new SessionError('closed', `The loopback server was closed while ${what} was waited for.`)
}
