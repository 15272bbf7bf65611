import { readFileSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What something took. */
export interface Cost {
  readonly wallMs: number
  /** User and system time of the whole process, its threads included. */
  readonly cpuMs: number
}

export async function cost(work: () => unknown): Promise<Cost> {
  const cpuBefore = process.cpuUsage()
  const from = performance.now()
  await work()
  const wallMs = performance.now() - from
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wallMs, cpuMs: (user + system) / 1_000 }
}

/** The middle one of several measurements. */
export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** Nearest rank. Null-safe for an empty list: NaN. */
export function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * rank) / 100) - 1)] ?? Number.NaN
}

/** Longest time, in milliseconds, that the event loop was not free while `work` ran. */
export async function longestStall(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await work()
  delay.disable()
  return delay.max / 1e6
}

/** Resident memory in bytes after a collection; needs --expose-gc. */
export async function residentBytes(): Promise<number> {
  for (let n = 0; n < 4; n++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().rss
}

/**
 * The most that was resident while `work` ran, in bytes above what was resident before it. Linux only: NaN elsewhere, where
 * the highest mark of a process cannot be set back (and begins as that of its parent).
 */
export async function peakRssGrowth<T>(work: () => Promise<T>): Promise<{ result: T; peakRssBytes: number }> {
  const before = await residentBytes()
  resetPeakRss()
  const result = await work()
  return { result, peakRssBytes: Math.max(0, peakRssBytes() - before) }
}

function resetPeakRss(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {}
}

function peakRssBytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1_024
  } catch {
    return Number.NaN
  }
}
