import { performance } from 'node:perf_hooks'
import type { Session } from '../session-api.js'
import type { Families } from './families.js'
import { statuses } from './values.js'

/** Reads the sessions as they are now: one pass over them, and over the unsaved changes of those that have some. */
export function readSessions(
  families: Families,
  sessions: Iterable<Pick<Session, 'status' | 'unprotected'>>,
): void {
  const counts = new Map<string, number>(statuses.map((status) => [status, 0]))
  const unprotected = { changes: 0, tenants: 0, oldestMs: 0, preKeys: 0 }
  for (const session of sessions) {
    counts.set(session.status, (counts.get(session.status) ?? 0) + 1)
    const { changes, ageMs, preKeys } = session.unprotected
    if (changes === 0) continue
    unprotected.tenants += 1
    unprotected.changes += changes
    unprotected.oldestMs = Math.max(unprotected.oldestMs, ageMs)
    unprotected.preKeys += preKeys
  }
  for (const [status, count] of counts) families.set('session_supervisor_tenants', count, { status })
  families.set('session_supervisor_unprotected_changes', unprotected.changes)
  families.set('session_supervisor_unprotected_tenants', unprotected.tenants)
  families.set('session_supervisor_unprotected_oldest_seconds', unprotected.oldestMs / 1_000)
  families.set('session_supervisor_unprotected_pre_keys', unprotected.preKeys)
}

/** Figures of the process, read when asked for: nothing is observed between scrapes. */
export class ProcessReader {
  #loop = performance.eventLoopUtilization()

  read(families: Families): void {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, external } = process.memoryUsage()
    const loop = performance.eventLoopUtilization()
    const since = performance.eventLoopUtilization(loop, this.#loop)
    this.#loop = loop
    families.replace('process_cpu_seconds_total', (user + system) / 1e6)
    families.set('process_resident_memory_bytes', rss)
    families.set('process_start_time_seconds', performance.timeOrigin / 1_000)
    families.set('nodejs_heap_size_used_bytes', heapUsed)
    families.set('nodejs_external_memory_bytes', external)
    families.set('nodejs_eventloop_utilization', since.utilization)
    families.set('session_supervisor_info', 1, { node: process.versions.node })
  }
}
