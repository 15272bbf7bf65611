import { type Disk, systemDisk } from '../../../src/session/disk.js'

export class Crash extends Error {}

/** A disk on which calls fail as `decide` says; `tear` writes a part of the bytes first. */
export function faultyDisk(
  decide: (call: string, step: number) => 'work' | 'fail' | 'tear',
  code = 'EIO',
): Disk {
  let step = 0
  const around =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      const verdict = decide(name, ++step)
      if (verdict === 'work') return call(...args)
      if (verdict === 'tear') tearWrite(name, args)
      throw Object.assign(new Crash(`${name} failed`), { code, syscall: name })
    }
  const wrapped = Object.entries(systemDisk).map(([name, call]) => [name, around(name, call)])
  return Object.fromEntries(wrapped) as Disk
}

/** Half of the bytes arrive, as when a process is killed in the middle of a write. */
function tearWrite(name: string, args: unknown[]): void {
  const [path, bytes, offset] = args as [string, Uint8Array, number]
  if (name !== 'create' && name !== 'append') return
  const half = bytes.subarray(0, bytes.length >> 1)
  if (name === 'append') systemDisk.append(path, half, offset)
  else systemDisk.create(path, half)
}

const changing = new Set([
  'create',
  'append',
  'rename',
  'unlink',
  'makeDirectory',
  'removeTree',
  'setMode',
  'sync',
])

/**
 * A disk that dies at its `at`-th change: that one and all later calls fail, as for a process that was killed there.
 * The dying write may be torn.
 */
export class DyingDisk {
  changes = 0
  #at = 0
  #tear = false

  get dead(): boolean {
    return this.#at > 0 && this.changes >= this.#at
  }

  /** Counts from here; 0 is never. */
  dieAt(at: number, tear = false): void {
    this.changes = 0
    this.#at = at
    this.#tear = tear
  }

  readonly disk: Disk = faultyDisk((call) => {
    if (this.dead) return 'fail'
    if (!changing.has(call)) return 'work'
    this.changes++
    if (!this.dead) return 'work'
    return this.#tear ? 'tear' : 'fail'
  })
}
