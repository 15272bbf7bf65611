import { dirname } from 'node:path'
import type { Random } from '../ports/clock.js'
import { type Processes, type ProcessIdentity, systemProcesses } from '../ports/process-identity.js'
import type { Disk } from './disk.js'
import { randomHex } from './session-paths.js'
import { temporaryPath } from './temporary.js'

export interface OwnerParts {
  readonly disk: Disk
  /** Of the file that keeps the id beside the sessions. */
  readonly path: string
  readonly random: Random
  /** Only tests, whose processes are none, give others. */
  readonly processes?: Processes
}

/**
 * Who a process is as an owner of leases: the id of its session directory, which lives as long as that, and the id of
 * this run of a process, which is made anew at each start and is on no disk when it becomes an owner. So two processes
 * never are the same owner, whatever was copied. What the run before this one left is inherited from it.
 */
export class Owner {
  readonly #parts: OwnerParts
  readonly #run: string
  #directory: string
  /** The run that is noted in the file; null when none is. */
  #former: Run | null

  private constructor(parts: OwnerParts, { directory, run }: OwnerFile) {
    this.#parts = parts
    this.#run = randomHex(parts.random, 16)
    this.#directory = directory
    this.#former = run
  }

  /** Made when there is none. One that cannot be read is replaced: the leases then expire. */
  static async open(parts: OwnerParts): Promise<Owner> {
    const known = readOwner(parts.disk, parts.path)
    const owner = new Owner(parts, known ?? { directory: newDirectoryId(parts.random), run: null })
    if (known === null) await owner.#write(null)
    return owner
  }

  get id(): string {
    return ownerIdOf(this.#directory, this.#run)
  }

  get directory(): string {
    return this.#directory
  }

  /** The owner that this directory's last process was, when that is proven to have ended; else null. */
  get endedFormer(): string | null {
    return this.#former && endedOwner(this.#directory, this.#former, this.#parts.processes)
  }

  /** Notes this run, so that the next one can find out what became of it. */
  async note(): Promise<void> {
    const { processes = systemProcesses } = this.#parts
    this.#former = { id: this.#run, process: processes.own() }
    await this.#write(this.#former)
  }

  /** The directory is a copy of another one that is in use: from now on it has an id of its own. */
  async separate(): Promise<void> {
    this.#directory = newDirectoryId(this.#parts.random)
    await this.note()
  }

  async #write(run: Run | null): Promise<void> {
    const { disk, path } = this.#parts
    const temporary = temporaryPath(dirname(path), 'owner')
    const noted = { ownerId: this.#directory, ...(run && { run: run.id, process: run.process }) }
    disk.create(temporary, Buffer.from(`${JSON.stringify(noted)}\n`))
    await disk.sync(temporary)
    disk.rename(temporary, path)
    await disk.sync(dirname(path))
  }
}

interface Run {
  readonly id: string
  readonly process: ProcessIdentity
}

interface OwnerFile {
  readonly directory: string
  readonly run: Run | null
}

/** Null: none that can be read. */
function readOwner(disk: Disk, path: string): OwnerFile | null {
  try {
    const { ownerId, run, process } = JSON.parse(disk.read(path)?.bytes.toString('utf8') ?? '{}')
    if (typeof ownerId !== 'string' || !/^[0-9a-f]{32}$/.test(ownerId)) return null
    const isRun = typeof run === 'string' && /^[0-9a-f]{16}$/.test(run) && isProcess(process)
    return { directory: ownerId, run: isRun ? { id: run, process } : null }
  } catch {
    return null
  }
}

/** The owner that a directory's last process was, when that is proven to have ended; else null. */
export function endedOwnerOf(disk: Disk, path: string, processes?: Processes): string | null {
  const known = readOwner(disk, path)
  return known?.run ? endedOwner(known.directory, known.run, processes) : null
}

function endedOwner(directory: string, { id, process }: Run, processes = systemProcesses): string | null {
  return processes.livenessOf(process) === 'dead' ? ownerIdOf(directory, id) : null
}

function ownerIdOf(directory: string, run: string): string {
  return `${directory}-${run}`
}

function newDirectoryId(random: Random): string {
  return randomHex(random, 32)
}

function isProcess(value: unknown): value is ProcessIdentity {
  const process = value as Partial<ProcessIdentity> | null
  return (
    typeof process === 'object' &&
    process !== null &&
    Number.isSafeInteger(process.pid) &&
    typeof process.pidSpace === 'string' &&
    (process.startTicks === null || typeof process.startTicks === 'string')
  )
}
