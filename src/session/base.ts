/** The committed generation that a local copy stands on. */
export interface BaseHead {
  readonly seq: number
  readonly digest: string
  /** Digest over names and hashes of the whole file set of that generation. */
  readonly tree: string
}

/** A generation that this copy was about to make the head: whether it became that, the copy does not know. */
export interface Attempt {
  readonly seq: number
  readonly digest: string
}

/**
 * "This copy continues head `head` under lease epoch `epoch`": every commit of that epoch comes from this directory.
 * `head` is null before the first generation.
 */
export interface Base {
  readonly epoch: number
  readonly head: BaseHead | null
  /** What was tried on top of `head` since. A head of this epoch that is not among it was made after the copy was. */
  readonly attempts?: readonly Attempt[]
}

export function isAttempt(value: unknown): value is Attempt {
  const attempt = value as Partial<Attempt> | null
  return (
    typeof attempt === 'object' &&
    attempt !== null &&
    Number.isSafeInteger(attempt.seq) &&
    typeof attempt.digest === 'string'
  )
}

export function isBase(value: unknown): value is Base {
  const base = value as Partial<Base> | null
  if (typeof base !== 'object' || base === null || !Number.isSafeInteger(base.epoch)) return false
  const head = base.head
  if (head === null) return true
  return (
    typeof head === 'object' &&
    Number.isSafeInteger(head.seq) &&
    typeof head.digest === 'string' &&
    typeof head.tree === 'string'
  )
}
