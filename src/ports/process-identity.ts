import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds something, told so that another process can find out whether it still lives. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start of the process in kernel ticks since boot; null where the system does not tell. Pids are reused, this is not. */
  readonly startTicks: string | null
  /** Names the kernel and pid namespace that `pid` means something in: a pid of another container proves nothing. */
  readonly pidSpace: string
}

/** `unknown`: this process cannot tell (another host or container, or a system without process start times). */
export type Liveness = 'alive' | 'dead' | 'unknown'

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: startOf(process.pid)?.ticks ?? null, pidSpace: pidSpace() }
}

export function livenessOf(identity: ProcessIdentity): Liveness {
  if (identity.pidSpace !== pidSpace()) return 'unknown'
  if (!answersSignals(identity.pid)) return 'dead'
  const start = startOf(identity.pid)
  if (start === null || identity.startTicks === null) return 'unknown'
  return !start.zombie && start.ticks === identity.startTicks ? 'alive' : 'dead'
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Fields 3 (state) and 22 (start time) of /proc/<pid>/stat, counted after the command, which may hold spaces. */
function startOf(pid: number): { ticks: string; zombie: boolean } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = fields[19]
    return ticks ? { ticks, zombie: fields[0] === 'Z' || fields[0] === 'X' } : null
  } catch {
    return null
  }
}

function pidSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}
