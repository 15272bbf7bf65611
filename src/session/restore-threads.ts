import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { errorByMessage, errorOf } from '../error-by-message.js'
import type { Clock } from '../ports/clock.js'
import type { ObjectSource } from '../ports/object-store.js'
import type { BuiltHead, HeadRequest } from './head-build.js'
import { builtOf, type FromThread, type StoreCall, type ToThread } from './head-by-message.js'

export interface RestoreThreadsOptions {
  /** Threads at most; there are never more than the machine has cores. 0: none. */
  readonly most: number
  /** Told once, when threads cannot be had: restores go on without them. */
  readonly unavailable: (error: unknown) => void
  /** What a thread runs. Default: the program beside this file; a bundler leaves it out, and there are no threads then. */
  readonly program?: URL
}

/** Restores under way that the caller's thread does by itself: a thread takes as long to start as two restores take. */
const withoutThreads = 2

/** Threads that have nothing to do end: each takes about 10 MB. */
const idleMs = 5_000

/**
 * Threads that verify and write restored sessions, for when many come at once: after a host was lost, a thousand tenants
 * are verified and nearly a million files written, all of it synchronous, while this thread has their
 * connections to open. The store is asked by this thread, for the others.
 */
export class RestoreThreads {
  readonly #path: string
  readonly #clock: Clock
  readonly #options: RestoreThreadsOptions
  readonly #program: URL | null
  readonly #threads = new Set<RestoreThread>()
  #underWay = 0
  #idle: unknown = null
  #isOff = false

  /** @param path the session root */
  constructor(path: string, clock: Clock, options: RestoreThreadsOptions) {
    this.#path = path
    this.#clock = clock
    this.#options = options
    this.#program = options.program ?? programBeside()
  }

  /** Threads that there are now. */
  get size(): number {
    return this.#threads.size
  }

  /**
   * Builds a head in a thread or, when few are under way or the thread fails to live, by `here`.
   * @throws what `buildHead` throws, errors of the disk as a SessionError
   */
  async build(store: ObjectSource, request: HeadRequest, here: () => Promise<BuiltHead>): Promise<BuiltHead> {
    this.#underWay++
    try {
      const thread = this.#underWay > withoutThreads ? this.#threadFor() : null
      const built = thread && (await thread.build(store, request))
      if (built !== null) return built
      if (thread !== null) this.#giveUp(thread.failure)
      return await here()
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#endSoon()
    }
  }

  /** Ends the threads; what they were doing is done by the caller's. */
  async close(): Promise<void> {
    this.#isOff = true
    this.#clock.clearTimeout(this.#idle)
    await this.#endAll()
  }

  #threadFor(): RestoreThread | null {
    const most = Math.min(this.#options.most, availableParallelism())
    if (this.#isOff || this.#program === null || most === 0) return null
    this.#clock.clearTimeout(this.#idle)
    const free = [...this.#threads].sort((a, b) => a.builds - b.builds)[0]
    if (free !== undefined && (free.builds === 0 || this.#threads.size >= most)) return free
    try {
      const thread = new RestoreThread(this.#program, this.#path, () => void this.#threads.delete(thread))
      this.#threads.add(thread)
      return thread
    } catch (error) {
      this.#giveUp(error)
      return null
    }
  }

  /** One that died may do so again, and each time costs the restores that it had begun. */
  #giveUp(cause: unknown): void {
    if (this.#isOff) return
    this.#isOff = true
    this.#options.unavailable(cause)
  }

  #endSoon(): void {
    this.#clock.clearTimeout(this.#idle)
    if (this.#threads.size === 0) return
    this.#idle = this.#clock.setTimeout(() => void this.#endAll(), idleMs)
    // A process that has nothing else to do ends without waiting for it.
    ;(this.#idle as { unref?(): void }).unref?.()
  }

  async #endAll(): Promise<void> {
    const ending = [...this.#threads]
    // Nothing is given to one that is about to end.
    this.#threads.clear()
    await Promise.all(ending.map((thread) => thread.end()))
  }
}

interface Waiting {
  readonly store: ObjectSource
  readonly resolve: (built: BuiltHead | null) => void
  readonly reject: (error: unknown) => void
}

class RestoreThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #ids = 0
  /** Why it ended, when it did so by itself. */
  failure: unknown = null

  constructor(program: URL, path: string, ended: () => void) {
    this.#worker = new Worker(program, { workerData: path, execArgv: [], name: 'session-restore' })
    this.#worker.unref()
    this.#worker.on('message', (message: FromThread) => this.#take(message))
    this.#worker.on('error', (error) => {
      this.failure = error
    })
    this.#worker.once('exit', () => {
      ended()
      for (const { resolve } of this.#waiting.values()) resolve(null)
      this.#waiting.clear()
    })
  }

  get builds(): number {
    return this.#waiting.size
  }

  /** @returns null: it ended before that was done, nothing of it is used, and it writes no more */
  build(store: ObjectSource, request: HeadRequest): Promise<BuiltHead | null> {
    const id = this.#ids++
    const built = new Promise<BuiltHead | null>((resolve, reject) => {
      this.#waiting.set(id, { store, resolve, reject })
    })
    // A process that waits for nothing else goes on until it is built.
    this.#worker.ref()
    this.#send({ type: 'build', id, request })
    return built
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #take(message: FromThread): void {
    const waiting = this.#waiting.get(message.id)!
    if (message.type === 'call') {
      void this.#answer(waiting.store, message)
      return
    }
    this.#waiting.delete(message.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if (message.type === 'built') waiting.resolve(builtOf(message.built))
    else waiting.reject(errorOf(message.error))
  }

  async #answer(
    store: ObjectSource,
    { call, method, argument }: StoreCall & { call: number },
  ): Promise<void> {
    try {
      const value = await store[method](argument)
      if (!(value instanceof Uint8Array)) return this.#send({ type: 'answer', call, answer: { value } })
      // One copy, given away: a message would be written into a buffer and read out of it. The store's may be in use.
      const copy = new Uint8Array(value)
      this.#send({ type: 'answer', call, answer: { value: copy } }, [copy.buffer])
    } catch (error) {
      this.#send({ type: 'answer', call, answer: { failed: errorByMessage(error) } })
    }
  }

  #send(message: ToThread, given: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, given)
  }
}

/** Null where there is no such file, as in what a bundler makes of this one. */
function programBeside(): URL | null {
  try {
    const program = new URL('./restore-thread.js', import.meta.url)
    return existsSync(fileURLToPath(program)) ? program : null
  } catch {
    return null
  }
}
