import type { Files } from '../sessions.js'
import type { Traffic } from '../slow-store.js'
import type { Writer } from '../traffic.js'

/** Many tenants of one process, backed up by one strategy. */
export interface Fleet {
  readonly traffic: Traffic
  readonly writers: readonly Writer[]
  /** Age in ms of the oldest change in each backup when it was complete. */
  readonly ages: number[]
  /** Changes in all backups so far. */
  durable(): number
  /** Resolves when no backup is under way or due. */
  settled(): Promise<void>
  /** Changes that no backup has taken. */
  left(): number
  /** What SIGTERM does: backs up what is not. Nothing is written afterwards. */
  drain(): Promise<void>
  /** After the drain: gives what restores so many of the tenants, with all their files, on an empty disk. */
  elsewhere(tenants: number): Promise<() => Promise<void>>
}

export interface FleetOptions {
  readonly tenants: number
  /** What each tenant has, on disk and in the store, before anything is measured. */
  readonly session: Files
  /** Requests at a time, of all tenants together. */
  readonly limit: number
  readonly latency: { readonly ms: number; readonly jitter: number }
  readonly path: string
}
