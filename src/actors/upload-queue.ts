import PQueue from 'p-queue'

/** Closing tenants go first: their host is about to go away. Then those that WhatsApp waits for. */
const priorities = { closing: 2, urgent: 1, ordinary: 0 } as const

export type UploadPriority = keyof typeof priorities

export interface UploadQueueOptions {
  /** Uploads at a time, of all tenants together. */
  readonly concurrency: number
  /** Budget of uploads started a second, `Infinity` for none. */
  readonly perSecond: number
}

/**
 * The process's one queue to the object store. A tenant has at most one entry (its backups are serialised), so first
 * in, first out is fair. An entry captures its changes when it runs, not when it is added: under load, changes
 * coalesce.
 */
export class UploadQueue {
  readonly #queue: PQueue

  constructor({ concurrency, perSecond }: UploadQueueOptions) {
    const budget = Number.isFinite(perSecond) ? { interval: 1_000, intervalCap: perSecond } : {}
    this.#queue = new PQueue({ concurrency, ...budget })
  }

  /** Entries that wait for a slot. */
  get waiting(): number {
    return this.#queue.size
  }

  get running(): number {
    return this.#queue.pending
  }

  run<T>(priority: UploadPriority, task: () => Promise<T>): Promise<T> {
    return this.#queue.add(task, { priority: priorities[priority] })
  }
}
