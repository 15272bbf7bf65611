import type { Clock } from '../../src/ports/clock.js'
import type { Disk } from '../../src/session/disk.js'
import type { DiskCall } from '../support/memory-disk.js'
import type { Host } from './host.js'
import type { World } from './world.js'

const changing = new Set(['create', 'append', 'rename', 'unlink', 'makeDirectory', 'removeTree'])

/**
 * One process on a host, from its start to its end. What is dead neither acts nor hears: its timers and answers fall
 * on nothing, its disk refuses.
 */
export class Life {
  readonly name: string
  readonly clock: Clock
  dead = false
  /** Changes of the disk, or requests, until it dies; 0 is never. */
  diesAtDisk = { left: 0, torn: 0, die: () => {} }
  diesAtRequest = { left: 0, when: 'before' as 'before' | 'after', die: () => {} }
  diskFull = false
  readonly #world: World
  readonly #host: Host
  readonly #timers = new Set<unknown>()
  /** What came while it stood still. */
  readonly #missed: (() => void)[] = []
  #paused = false

  constructor(world: World, host: Host, number: number) {
    this.#world = world
    this.#host = host
    this.name = `host-${host.index}.${number}`
    this.clock = {
      now: () => world.clock.now() + host.skewMs,
      setTimeout: (run, delayMs) => {
        const id = world.clock.setTimeout(() => {
          this.#timers.delete(id)
          this.enter(run)
        }, delayMs)
        this.#timers.add(id)
        return id
      },
      clearTimeout: (id) => {
        this.#timers.delete(id)
        world.clock.clearTimeout(id)
      },
    }
  }

  /** Timers that it has set and that have not run. */
  get timers(): number {
    return this.#timers.size
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Runs something in this process: not if it is dead, later if it stands still. */
  enter(run: () => void): void {
    if (this.dead) return
    if (this.#paused) this.#missed.push(run)
    else run()
  }

  /** What comes from outside, such as an answer: it is no timer of the process. */
  later(delayMs: number, run: () => void): void {
    this.#world.clock.setTimeout(() => this.enter(run), delayMs)
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.later(delayMs, resolve))
  }

  pause(): void {
    this.#paused = true
  }

  /** Everything that came in the meantime is handled now, in the order in which it came. */
  resume(): void {
    this.#paused = false
    for (const run of this.#missed.splice(0)) this.enter(run)
  }

  /** Goes on undisturbed: what was planned for it does not happen any more. */
  calm(): void {
    this.diesAtDisk = { left: 0, torn: 0, die: () => {} }
    this.diesAtRequest = { left: 0, when: 'before', die: () => {} }
    this.resume()
  }

  kill(): void {
    this.dead = true
    for (const id of this.#timers) this.#world.clock.clearTimeout(id)
    this.#timers.clear()
  }

  /** True when this request kills it. */
  dies(operation: string, when: 'before' | 'after'): boolean {
    if (this.dead) return true
    const due = this.diesAtRequest
    if (due.left <= 0 || due.when !== when || --due.left > 0) return false
    this.#world.trace(`dies ${when} ${operation}`, this.name)
    due.die()
    return true
  }

  get disk(): Disk {
    return this.#host.disk.handle((call) => this.#beforeDisk(call))
  }

  #beforeDisk(call: DiskCall): void {
    if (this.dead) throw Object.assign(new Error('dead'), { code: 'EIO', syscall: call.call })
    this.#host.guard(call)
    if (!changing.has(call.call)) return
    const due = this.diesAtDisk
    if (due.left > 0 && --due.left === 0) {
      if (call.bytes) call.tear(Math.floor(due.torn * (call.bytes.length + 1)))
      this.#world.trace(`dies at ${call.call}`, this.name)
      due.die()
      throw Object.assign(new Error('dead'), { code: 'EIO', syscall: call.call })
    }
    if (this.diskFull && this.#world.disturbed && (call.call === 'create' || call.call === 'append')) {
      throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: call.call })
    }
  }
}
