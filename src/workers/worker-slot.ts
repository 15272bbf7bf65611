import type { Clock, Logger } from '../ports/index.js'
import type { Settings } from '../settings.js'
import type { FromWorker } from './messages.js'
import type { WorkerOptions } from './worker-options.js'
import { type Ending, WorkerProcess } from './worker-process.js'

export interface WorkerSlotParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly settings: Pick<Settings, 'workerStuckAfterMs' | 'workerRestartMinMs' | 'workerRestartMaxMs'>
  /** Asked at each start of a process. */
  optionsOf(worker: number): WorkerOptions
  heard(process: WorkerProcess, message: FromWorker): void
  /** A process of it takes calls. */
  up(process: WorkerProcess): void
  /** A process of it is gone, expected or not. */
  gone(process: WorkerProcess): void
}

/** A worker, over all the processes that it has: one that dies is replaced, ever more slowly while it dies at once. */
export class WorkerSlot {
  readonly worker: number
  readonly #parts: WorkerSlotParts
  #process: WorkerProcess | null = null
  #isUp = false
  #isClosing = false
  #pauseMs: number
  #upSince = 0
  #timer: unknown = null

  constructor(worker: number, parts: WorkerSlotParts) {
    this.worker = worker
    this.#parts = parts
    this.#pauseMs = parts.settings.workerRestartMinMs
  }

  /** The process, when it takes calls. */
  get process(): WorkerProcess | null {
    return this.#isUp ? this.#process : null
  }

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  /** Starts the first process. @throws what it failed with; it is not tried again then */
  async start(): Promise<void> {
    const process = this.#spawn()
    try {
      await process.ready
    } catch (error) {
      this.#isClosing = true
      process.signal('SIGTERM')
      await process.ended
      throw error
    }
    this.#nowUp(process)
  }

  /**
   * Lets it drain. One that has not ended by the limit is killed.
   * @returns false: it was killed, or died
   */
  async close(limitMs: number): Promise<boolean> {
    this.#isClosing = true
    const { clock, logger } = this.#parts
    if (this.#timer !== null) clock.clearTimeout(this.#timer)
    const process = this.#process
    if (process === null || process.hasEnded) return false
    process.send({ type: 'shutdown' })
    const limit = clock.setTimeout(() => {
      logger.error(
        { worker: this.worker, pid: process.pid, limitMs },
        'a worker did not end in time and is killed',
      )
      process.signal('SIGKILL')
    }, limitMs)
    await process.ended
    clock.clearTimeout(limit)
    return process.down !== null
  }

  #spawn(): WorkerProcess {
    const { clock, logger, settings, heard, optionsOf } = this.#parts
    const process: WorkerProcess = new WorkerProcess({
      options: optionsOf(this.worker),
      clock,
      stuckAfterMs: settings.workerStuckAfterMs,
      heard: (message) => heard(process, message),
      stuck: () => {
        const fields = { worker: this.worker, pid: process.pid, stuckAfterMs: settings.workerStuckAfterMs }
        logger.error(
          fields,
          'a worker has not answered for so long and is killed; look for a handler that holds its thread',
        )
      },
    })
    this.#process = process
    void process.ended.then((ending) => this.#ended(process, ending))
    return process
  }

  #nowUp(process: WorkerProcess): void {
    if (process.hasEnded) return
    this.#isUp = true
    this.#upSince = this.#parts.clock.now()
    this.#parts.up(process)
  }

  #ended(process: WorkerProcess, { code, signal }: Ending): void {
    const { clock, logger, settings, gone } = this.#parts
    const livedMs = this.#isUp ? clock.now() - this.#upSince : 0
    this.#isUp = false
    gone(process)
    if (this.#isClosing) return
    if (livedMs > settings.workerRestartMaxMs) this.#pauseMs = settings.workerRestartMinMs
    const fields = { worker: this.worker, pid: process.pid, code, signal, restartMs: this.#pauseMs }
    logger.error(fields, 'a worker ended; it is started again, and takes its tenants up where it left them')
    this.#timer = clock.setTimeout(() => {
      this.#timer = null
      this.#again()
    }, this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, settings.workerRestartMaxMs)
  }

  #again(): void {
    const process = this.#spawn()
    process.ready.then(
      () => this.#nowUp(process),
      (error: unknown) => {
        this.#parts.logger.error({ worker: this.worker, err: error }, 'a worker could not be started again')
        process.signal('SIGTERM')
      },
    )
  }
}
