import { isSessionError } from '../errors.js'
import type { Clock, Logger } from '../ports/index.js'
import type { Supervised } from './supervised.js'

/** An answer of a part is believed for this long. */
const freshMs = 3_000
/** Longest wait for a part; one that is still asked then counts as silent. */
const waitMs = 2_000

/** Whether one part answers: asked at most once at a time, and never waited for longer than the limit. */
class Probe {
  readonly part: string
  readonly #ask: () => Promise<unknown>
  readonly #clock: Clock
  readonly #logger: Logger
  #pending: Promise<string | null> | null = null
  #last: { at: number; problem: string | null } | null = null

  constructor(part: string, ask: () => Promise<unknown>, clock: Clock, logger: Logger) {
    this.part = part
    this.#ask = ask
    this.#clock = clock
    this.#logger = logger
  }

  /** Null when it answers. */
  async problem(): Promise<string | null> {
    const agedMs = this.#clock.now() - (this.#last?.at ?? 0)
    // Below 0 when the clock was set back.
    if (this.#last !== null && agedMs >= 0 && agedMs < freshMs) return this.#last.problem
    this.#pending ??= this.#run()
    let timer: unknown
    const limit = new Promise<string>((resolve) => {
      timer = this.#clock.setTimeout(() => resolve('no answer'), waitMs)
    })
    const problem = await Promise.race([this.#pending, limit])
    this.#clock.clearTimeout(timer)
    return problem
  }

  async #run(): Promise<string | null> {
    const problem = await this.#ask().then(
      () => null,
      (error: unknown) => this.#describe(error),
    )
    this.#last = { at: this.#clock.now(), problem }
    this.#pending = null
    return problem
  }

  /** Anybody may read /readyz, so it names the kind of failure; the log has the rest, once. */
  #describe(error: unknown): string {
    if (this.#last?.problem == null) this.#logger.warn({ err: error }, `not ready: the ${this.part} fails`)
    return isSessionError(error) ? error.code : 'internal'
  }
}

export class Readiness {
  readonly #supervisor: Supervised
  readonly #probes: readonly Probe[]

  constructor(supervisor: Supervised, clock: Clock, logger: Logger) {
    this.#supervisor = supervisor
    this.#probes = [
      // Any row will do, and none is an answer.
      new Probe('registry', () => supervisor.tenant('readiness'), clock, logger),
      new Probe('store', () => supervisor.checkStore(), clock, logger),
    ]
  }

  /** What keeps the process from doing its work now; empty when nothing does. */
  async reasons(): Promise<string[]> {
    if (this.#supervisor.isShuttingDown) return ['shutting down']
    const found = await Promise.all(
      this.#probes.map(async (probe) => ({ part: probe.part, problem: await probe.problem() })),
    )
    const failing = found.filter(({ problem }) => problem !== null)
    return [
      ...(this.#supervisor.problems ?? []),
      ...failing.map(({ part, problem }) => `${part}: ${problem}`),
    ]
  }
}
