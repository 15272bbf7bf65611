import type { TenantWork } from './actors/tenant-work.js'
import { type ErrorCode, SessionError } from './errors.js'
import { statePath, type TenantSnapshot } from './session-status.js'

/** A backup that somebody asked for and waits for: it is done when all that was unsaved when it was asked for is committed. */
export class AskedBackup {
  readonly #tenantId: string
  readonly #ask: () => void
  #work: TenantWork | null = null
  #position = 0
  #audit: 'asked for' | 'due' | 'done'

  /** @param ask tells the machine; of an audit at once, which it remembers, else when a folder is open that has changes */
  constructor(tenantId: string, { audit, ask }: { audit: boolean; ask: () => void }) {
    this.#tenantId = tenantId
    this.#audit = audit ? 'asked for' : 'done'
    this.#ask = ask
    if (audit) ask()
  }

  /** To be asked after every change. An error: it is not known what there is to be saved, and will not be soon. */
  isDone(work: TenantWork, { value, context }: TenantSnapshot): boolean | SessionError {
    const state = statePath(value)
    if (context.auditDue && this.#audit === 'asked for') this.#audit = 'due'
    else if (!context.auditDue && this.#audit === 'due') this.#audit = 'done'
    if (this.#work !== work) {
      // Until it is open, nobody knows what there is to back up, and the store may have more than this disk.
      if (work.folder === null || /^restoring\.(?!opening)/.test(state)) {
        return state === 'restoring.waiting' && this.#notRestored(context.lastError)
      }
      this.#work = work
      this.#position = work.folder.position
      if (this.#audit === 'done' && work.folder.unsavedCount > 0) this.#ask()
    }
    return this.#audit === 'done' && work.savedPosition >= this.#position
  }

  #notRestored(lastError: string | null): SessionError {
    const tried = 'It is tried again by itself; look at the store, the registry and the log.'
    return new SessionError(
      lastError !== null && lastError in passed ? (lastError as ErrorCode) : 'unavailable',
      `Tenant ${this.#tenantId} is not backed up: its session is not restored yet (${lastError ?? 'it waits'}), so it is not known what there is to back up. ${tried}`,
    )
  }
}

/** Codes of a restore that failed, as the caller may see them; any other says that it is not available. */
const passed = { denied: 0, corrupt: 0, undecided: 0, leased: 0, diskFull: 0 } satisfies Partial<
  Record<ErrorCode, 0>
>
