import type { Clock, Logger, ObjectStore, Registry } from '../ports/index.js'
import type { SessionRoot } from '../session/index.js'
import type { Settings } from '../settings.js'
import type { ShutdownResult } from '../supervisor-api.js'
import type { Uploads } from './messages.js'
import type { WorkerOptions } from './worker-options.js'

export interface WorkersParts {
  readonly workers: number
  readonly settings: Settings
  readonly logger: Logger
  readonly clock: Clock
  readonly store: ObjectStore
  readonly registry: Registry
  /** Opened for the workers; nothing is written to it here. */
  readonly root: Pick<SessionRoot, 'ownerId' | 'countFiles'>
  optionsOf(worker: number): Omit<WorkerOptions, 'resume'>
  /** Called when all have ended. */
  closed(): Promise<void>
}

/** A worker as its host sees it. */
export interface WorkerView {
  readonly worker: number
  /** Null between two processes. */
  readonly pid: number | null
  /** It takes requests. */
  readonly isUp: boolean
  /** Sessions that run in it. */
  readonly sessions: number
}

/** What a worker has beyond the deadline of its shutdown, to close the registry and to end. */
export const endingMs = 5_000

/** Of all workers together. */
export function uploadsOf(
  slots: readonly { readonly process: { readonly uploads: Uploads } | null }[],
): Uploads {
  const all = slots.flatMap(({ process }) => process?.uploads ?? [])
  const sum = (name: keyof Uploads) => all.reduce((total, uploads) => total + uploads[name], 0)
  return { running: sum('running'), waiting: sum('waiting') }
}

/** Of a worker that was killed: no session of it counts as backed up. */
export function unknownEndOf(running: readonly { tenantId: string; changes: number }[]): ShutdownResult {
  const unprotected = running.map(({ tenantId, changes }) => ({ tenantId, unsaved: Math.max(1, changes) }))
  return { sessions: running.length, unprotected }
}
