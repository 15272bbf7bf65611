/** What a command's action returns: the exit code of the process. */
export type Outcome = Promise<number>

export interface CommandHost {
  /** Wraps an action: its outcome becomes the exit code, what it throws one line on standard error. */
  action<Arguments extends unknown[]>(
    run: (...given: Arguments) => Outcome,
  ): (...given: Arguments) => Promise<void>
}
