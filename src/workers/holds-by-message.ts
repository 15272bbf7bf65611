import { SessionError } from '../errors.js'
import type { FolderHolds } from '../ports/index.js'

interface Asked {
  readonly promise: Promise<void>
  readonly settle: (error: SessionError | null) => void
}

/** A worker's side of the parent's table of holds. */
export class HoldsByMessage implements FolderHolds {
  readonly #tell: (type: 'take' | 'giveBack', tenantId: string) => void
  readonly #held = new Set<string>()
  readonly #asked = new Map<string, Asked>()
  #isClosed = false

  constructor(tell: (type: 'take' | 'giveBack', tenantId: string) => void) {
    this.#tell = tell
  }

  async take(tenantId: string): Promise<void> {
    if (this.#held.has(tenantId)) return
    if (this.#isClosed) throw parentGone()
    const asked = this.#asked.get(tenantId) ?? this.#ask(tenantId)
    await asked.promise
  }

  giveBack(tenantId: string): void {
    if (this.#held.delete(tenantId)) this.#tell('giveBack', tenantId)
  }

  answered(tenantId: string, granted: boolean): void {
    if (granted) this.#held.add(tenantId)
    const refused = new SessionError(
      'leased',
      `Another worker of this host still has the session of tenant ${tenantId} open; it is tried again.`,
    )
    this.#settle(tenantId, granted ? null : refused)
  }

  /** The parent has ended. What is held stays held: no other process opens the directory while this one lives. */
  close(): void {
    this.#isClosed = true
    for (const tenantId of [...this.#asked.keys()]) this.#settle(tenantId, parentGone())
  }

  #ask(tenantId: string): Asked {
    let settle!: Asked['settle']
    const promise = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === null ? resolve() : reject(error))
    })
    const asked = { promise, settle }
    this.#asked.set(tenantId, asked)
    this.#tell('take', tenantId)
    return asked
  }

  #settle(tenantId: string, error: SessionError | null): void {
    const asked = this.#asked.get(tenantId)
    this.#asked.delete(tenantId)
    asked?.settle(error)
  }
}

function parentGone(): SessionError {
  return new SessionError('closed', 'The process that started this worker has ended; the worker ends, too.')
}
