import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { errorOf } from '../error-by-message.js'
import { SessionError } from '../errors.js'
import type { Clock } from '../ports/index.js'
import type { ShutdownResult } from '../supervisor-api.js'
import type { CallName, FromWorker, ToWorker, Uploads } from './messages.js'
import type { WorkerOptions } from './worker-options.js'

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface WorkerProcessParts {
  readonly options: WorkerOptions
  readonly clock: Clock
  readonly stuckAfterMs: number
  /** What is no answer to this class. */
  heard(message: FromWorker): void
  /** It is killed after that. */
  stuck(): void
}

/** Pings in a row that a worker may leave unanswered. Counted, not timed: a machine that slept proves nothing. */
const pingsUnanswered = 10

interface Call {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** One process of a worker, from its start to its end. */
export class WorkerProcess {
  readonly worker: number
  ownerId: string | null = null
  /** As it last told. */
  uploads: Uploads = { running: 0, waiting: 0 }
  /** What its shutdown came to; null until it told. */
  down: ShutdownResult | null = null
  /** Resolves when it takes calls; rejects with what it failed with. */
  readonly ready: Promise<void>
  /** Resolves when the process is gone: nothing of it touches anything any more. */
  readonly ended: Promise<Ending>
  #hasEnded = false
  readonly #child: ChildProcess
  readonly #parts: WorkerProcessParts
  readonly #calls = new Map<number, Call>()
  #lastCall = 0
  #isReady: Call
  #unanswered = 0
  #pingTimer: unknown = null

  constructor(parts: WorkerProcessParts) {
    this.#parts = parts
    this.worker = parts.options.worker
    let isReady!: Call
    this.ready = new Promise<void>((resolve, reject) => {
      isReady = { resolve: () => resolve(), reject }
    })
    this.ready.catch(() => {})
    this.#isReady = isReady
    this.#child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      serialization: 'advanced',
      // A second process cannot listen where the first one's inspector does.
      execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
    })
    this.#child.on('message', (message) => this.#heard(message as FromWorker))
    this.ended = new Promise<Ending>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
      this.#child.on('error', () => {
        // One that could not be started has no exit; what was sent to one that has just died is lost with it.
        if (this.#child.pid === undefined) resolve({ code: null, signal: null })
      })
    }).then((ending) => this.#end(ending))
    this.send({ type: 'start', options: parts.options })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  send(message: ToWorker): void {
    this.#child.send(message, () => {})
  }

  /** @throws SessionError what the worker answers · `unavailable` it ended meanwhile */
  call(name: CallName, args: unknown[]): Promise<unknown> {
    if (this.#hasEnded) return Promise.reject(this.#endedError(name))
    const id = ++this.#lastCall
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.send({ type: 'call', id, name, args })
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  #heard(message: FromWorker): void {
    // What it said before it died, and what is read after that, is of no use.
    if (this.#hasEnded) return
    this.#unanswered = 0
    if ('uploads' in message) this.uploads = message.uploads
    switch (message.type) {
      case 'ready':
        this.ownerId = message.ownerId
        this.#armPing()
        this.#isReady.resolve(undefined)
        break
      case 'failed':
        this.#isReady.reject(errorOf(message.error))
        break
      case 'answer':
        this.#answered(message)
        break
      case 'down':
        this.down = message.result
        break
      case 'pong':
        break
      default:
        this.#parts.heard(message)
    }
  }

  #answered({ id, value, error }: Extract<FromWorker, { type: 'answer' }>): void {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (error) call?.reject(errorOf(error))
    else call?.resolve(value)
  }

  #armPing(): void {
    const { clock, stuckAfterMs, stuck } = this.#parts
    this.#pingTimer = clock.setTimeout(() => {
      if (this.#unanswered >= pingsUnanswered) {
        stuck()
        this.signal('SIGKILL')
        return
      }
      this.#unanswered++
      this.send({ type: 'ping' })
      this.#armPing()
    }, stuckAfterMs / pingsUnanswered)
  }

  #end(ending: Ending): Ending {
    this.#hasEnded = true
    if (this.#pingTimer !== null) this.#parts.clock.clearTimeout(this.#pingTimer)
    const how = ending.signal ?? `exit code ${ending.code}`
    this.#isReady.reject(
      new SessionError(
        'unavailable',
        `Worker ${this.worker} ended (${how}) before it was up; see what it wrote to standard error.`,
      ),
    )
    for (const call of this.#calls.values()) call.reject(this.#endedError('a request'))
    this.#calls.clear()
    return ending
  }

  #endedError(what: string): SessionError {
    return new SessionError(
      'unavailable',
      `Worker ${this.worker} ended during ${what}, which may or may not have been done; it is started again. Try again in a moment.`,
    )
  }
}
