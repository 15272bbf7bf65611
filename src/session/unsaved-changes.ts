/** A key file that differs from the committed generation, with the very bytes that were written. */
export interface UnsavedEntry {
  readonly content: string | null
  /** Null for a deletion. */
  readonly hash: string | null
  /** Hash in the committed generation. */
  readonly committed: string | null
  /** Position of the batch that wrote it last. */
  readonly position: number
  /** When it began to differ from the committed generation, milliseconds since the Unix epoch. */
  readonly since: number
  readonly changedAt: number
  /**
   * It is part of a capture that may have been committed. Until that is known it stays a change, even when it returns
   * to the content that was committed before.
   */
  readonly captured: boolean
}

export interface UnsavedWrite {
  readonly content: string | null
  readonly hash: string | null
  /** Hash in the committed generation, used when the file was not yet a change. */
  readonly committed: string | null
  readonly position: number
  readonly at: number
}

/** The set of changes that the committed generation lacks: bounded by the files that differ, not by the writes. */
export class UnsavedChanges {
  readonly #entries = new Map<string, UnsavedEntry>()
  #bytes = 0

  get size(): number {
    return this.#entries.size
  }

  /** Bytes of the contents held. */
  get bytes(): number {
    return this.#bytes
  }

  get oldestSince(): number | null {
    let oldest: number | null = null
    for (const { since } of this.#entries.values()) oldest = oldest === null ? since : Math.min(oldest, since)
    return oldest
  }

  get(name: string): UnsavedEntry | undefined {
    return this.#entries.get(name)
  }

  entries(): IterableIterator<[name: string, entry: UnsavedEntry]> {
    return this.#entries.entries()
  }

  /** Whether writing `hash` makes the file equal to the committed generation for certain. */
  settles(name: string, hash: string | null, committed: string | null): boolean {
    const entry = this.#entries.get(name)
    return hash === (entry ? entry.committed : committed) && !entry?.captured
  }

  put(name: string, write: UnsavedWrite): void {
    const before = this.#entries.get(name)
    const settled = this.settles(name, write.hash, write.committed)
    this.drop(name)
    if (settled) return
    this.#set(name, {
      content: write.content,
      hash: write.hash,
      committed: before ? before.committed : write.committed,
      position: write.position,
      since: before?.since ?? write.at,
      changedAt: write.at,
      captured: before?.captured ?? false,
    })
  }

  drop(name: string): void {
    const before = this.#entries.get(name)
    if (!before) return
    this.#bytes -= sizeOf(before)
    this.#entries.delete(name)
  }

  markCaptured(): void {
    for (const [name, entry] of this.#entries) {
      if (!entry.captured) this.#entries.set(name, { ...entry, captured: true })
    }
  }

  /** Takes out what was captured; returns the committed hashes of those that were written again since. */
  saved(captured: ReadonlyMap<string, string | null>, position: number): [string, string | null][] {
    const overwritten: [string, string | null][] = []
    for (const [name, hash] of captured) {
      const entry = this.#entries.get(name)
      if (!entry) continue
      if (entry.position > position) overwritten.push([name, hash])
      if (entry.position <= position || entry.hash === hash) this.drop(name)
      else this.#set(name, { ...entry, committed: hash, since: entry.changedAt, captured: false })
    }
    return overwritten
  }

  #set(name: string, entry: UnsavedEntry): void {
    this.drop(name)
    this.#entries.set(name, entry)
    this.#bytes += sizeOf(entry)
  }
}

function sizeOf(entry: UnsavedEntry): number {
  return entry.content?.length ?? 0
}
