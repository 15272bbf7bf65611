import type { Urgency } from '../ports/key-files.js'

/** Called within the folder's own work, so it must not throw. */
export interface FolderListener {
  /** After each batch that changed something. */
  changed(position: number, urgency: Urgency): void
  /** A file turned out to be damaged or gone, or all of them: an audit is due. */
  flawed(): void
}

/** Those who are told what happens in an open folder. */
export class FolderListeners {
  readonly #listeners = new Set<Partial<FolderListener>>()

  /** Returns the way to stop. */
  add(listener: Partial<FolderListener>): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  changed(position: number, urgency: Urgency): void {
    for (const listener of this.#listeners) listener.changed?.(position, urgency)
  }

  flawed(): void {
    for (const listener of this.#listeners) listener.flawed?.()
  }
}
