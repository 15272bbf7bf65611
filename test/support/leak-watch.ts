import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { Actor, type AnyActorRef } from 'xstate'
import { allowedLeaks } from './allowed-leaks.js'

/** Something that a test left behind. */
export interface Leak {
  readonly kind: 'actor' | 'timer' | 'handle' | 'process' | 'file' | 'temporary' | 'rejection'
  readonly what: string
}

interface Made {
  /** Where it was made. */
  readonly stack: string
  /** The test that ran then. */
  readonly during: string
}

type Timer = NodeJS.Timeout & { readonly _destroyed: boolean; readonly _idleTimeout: number }
type RootActor = AnyActorRef & { readonly _parent?: unknown }

/** Beyond this many timers or actors, those that are over are forgotten. */
const entriesKept = 4_096

const realTimeout = clearedTimer().constructor as new () => NodeJS.Timeout

/**
 * Watches what comes to be in this process from its creation on. Timers and actors are known by where they were made;
 * handles, child processes and open files are those that were not there before.
 */
export class LeakWatch {
  readonly #timers = new Map<Timer, Made>()
  /** Held weakly: a simulation makes many thousands, and drops each world whole. */
  readonly #actors = new Set<{ readonly actor: WeakRef<RootActor>; readonly made: Made }>()
  readonly #rejections: string[] = []
  readonly #handlesBefore = new Set(activeHandles())
  readonly #childrenBefore = new Set(childPids())
  readonly #filesBefore = new Set(openFiles())
  readonly #directory: string
  readonly #currentTest: () => string
  readonly #undo: (() => void)[] = []

  /** @param directory temporary directory that only the watched code uses, empty now */
  constructor(directory: string, currentTest: () => string) {
    this.#directory = directory
    this.#currentTest = currentTest
    this.#watchTimers()
    this.#watchActors()
    const onRejection = (reason: unknown) =>
      void this.#rejections.push(reason instanceof Error ? (reason.stack ?? String(reason)) : String(reason))
    process.on('unhandledRejection', onRejection)
    this.#undo.push(() => process.off('unhandledRejection', onRejection))
  }

  /** Stops watching. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }

  /** What is there now and was not there at first, or is not over. */
  leaks(): Leak[] {
    return [
      ...this.#liveActors(),
      ...this.#liveTimers(),
      ...newOnes(this.#handlesBefore, activeHandles()).map((handle) =>
        leak('handle', describeHandle(handle)),
      ),
      ...newOnes(this.#childrenBefore, childPids()).map((pid) => leak('process', describeProcess(pid))),
      ...newOnes(this.#filesBefore, openFiles()).map((file) => leak('file', `open file ${file}`)),
      ...readdirSync(this.#directory).map((name) => leak('temporary', `${name} in the temporary directory`)),
      ...this.#rejections.map((reason) => leak('rejection', `unhandled rejection: ${reason}`)),
    ]
  }

  #watchTimers(): void {
    for (const name of ['setTimeout', 'setInterval'] as const) {
      const original = globalThis[name]
      const note = (timer: Timer) => this.#noteTimer(timer)
      const watched = function (this: unknown, ...args: Parameters<typeof setTimeout>) {
        const timer = Reflect.apply(original, this, args)
        note(timer as Timer)
        return timer
      }
      // `util.promisify(setTimeout)` goes by symbols of the function.
      Object.defineProperties(watched, Object.getOwnPropertyDescriptors(original))
      globalThis[name] = watched as never
      this.#undo.push(() => {
        globalThis[name] = original as never
      })
    }
  }

  #noteTimer(timer: Timer): void {
    if (this.#timers.size >= entriesKept) {
      for (const known of this.#timers.keys()) if (known._destroyed) this.#timers.delete(known)
    }
    this.#timers.set(timer, this.#made())
  }

  #watchActors(): void {
    const { start } = Actor.prototype
    const note = (actor: RootActor) => {
      if (actor._parent === undefined) this.#noteActor(actor)
    }
    Actor.prototype.start = function (this: RootActor) {
      note(this)
      return Reflect.apply(start, this, []) as never
    }
    this.#undo.push(() => {
      Actor.prototype.start = start
    })
  }

  #noteActor(actor: RootActor): void {
    if (this.#actors.size >= entriesKept) {
      for (const known of this.#actors) if (!isRunning(known.actor.deref())) this.#actors.delete(known)
    }
    this.#actors.add({ actor: new WeakRef(actor), made: this.#made() })
  }

  #made(): Made {
    const holder: { stack?: string } = {}
    Error.captureStackTrace(holder, this.#made)
    return { stack: holder.stack ?? '', during: this.#currentTest() }
  }

  *#liveActors(): Generator<Leak> {
    for (const { actor, made } of this.#actors) {
      const root = actor.deref()
      if (isRunning(root) && isOnRealTime(root)) yield leak('actor', `actor ${root.id}`, made)
    }
  }

  *#liveTimers(): Generator<Leak> {
    for (const [timer, made] of this.#timers) {
      if (timer._destroyed) this.#timers.delete(timer)
      else if (!allowedLeaks.some(({ stack }) => stack.test(made.stack))) {
        yield leak('timer', `timer of ${timer._idleTimeout} ms`, made)
      }
    }
  }
}

function leak(kind: Leak['kind'], what: string, made?: Made): Leak {
  if (made === undefined) return { kind, what }
  const lines = made.stack.split('\n').slice(1)
  const ours = lines.filter((line) => !/leak-watch|node:internal/.test(line)).slice(0, 6)
  return { kind, what: `${what}, made by "${made.during}"\n${ours.join('\n')}` }
}

function isRunning(actor: RootActor | undefined): actor is RootActor {
  if (actor === undefined || actor.getSnapshot().status !== 'active') return false
  // One that was stopped keeps the snapshot of its last state.
  return (actor as unknown as { _processingStatus: number })._processingStatus !== 2
}

/** False for an actor of a virtual world: it stands still with its clock, and goes with it. */
function isOnRealTime(actor: RootActor): boolean {
  const { clock } = actor as unknown as { clock: { setTimeout(run: () => void, ms: number): unknown } }
  const timer = clock.setTimeout(() => {}, 60_000)
  if (!(timer instanceof realTimeout)) return false
  clearTimeout(timer)
  return true
}

function newOnes<T>(before: ReadonlySet<T>, now: readonly T[]): T[] {
  return now.filter((one) => !before.has(one))
}

/** Sockets, servers, pipes, watchers and child processes that keep the process alive. */
function activeHandles(): object[] {
  return (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles()
}

function describeHandle(handle: object): string {
  const { pid, localPort, remotePort, spawnfile } = handle as Record<string, unknown>
  const facts = Object.entries({ pid, localPort, remotePort, spawnfile }).filter(
    ([, value]) => value !== undefined,
  )
  return `${handle.constructor.name} ${JSON.stringify(Object.fromEntries(facts))}`
}

/** Empty where the system does not tell. */
function childPids(): number[] {
  try {
    const tasks = readdirSync('/proc/self/task')
    const pids = tasks.flatMap((task) => readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' '))
    return pids.filter((pid) => pid !== '').map(Number)
  } catch {
    return []
  }
}

function describeProcess(pid: number): string {
  try {
    return `process ${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200)}`
  } catch {
    return `process ${pid}`
  }
}

/** Paths of regular files that are open; empty where the system does not tell. */
function openFiles(): string[] {
  const files: string[] = []
  try {
    for (const fd of readdirSync('/proc/self/fd')) {
      const target = targetOf(fd)
      if (target !== null && path.isAbsolute(target) && !/^\/(dev|proc)\//.test(target)) files.push(target)
    }
  } catch {
    return []
  }
  return files
}

function targetOf(fd: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    // The one that the listing itself was read through.
    return null
  }
}

function clearedTimer(): NodeJS.Timeout {
  const timer = setTimeout(() => {}, 0)
  clearTimeout(timer)
  return timer
}
