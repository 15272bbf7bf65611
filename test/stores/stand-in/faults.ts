export type Operation =
  | 'upload'
  | 'download'
  | 'info'
  | 'list'
  | 'remove'
  | 'move'
  | 'getBucket'
  | 'createBucket'
  | 'updateBucket'
  | 'deleteBucket'
  | 'other'

/**
 * - `hang`: the request is read and never answered; nothing is done.
 * - `hangAfter`: the work is done (an upload is stored) and never answered.
 * - `500`: the storage server's own error while its database is down.
 * - `502`: a proxy's HTML page.
 * - `404page`: a web server's HTML page, as a wrong URL gives.
 * - `200page`: a captive page with status 200.
 * - `cut`: half of the body, then the connection is destroyed.
 * - `reset`: the connection is destroyed at once; nothing is done.
 * - `resetAfter`: the work is done, then the connection is destroyed.
 */
export type FaultKind =
  | 'hang'
  | 'hangAfter'
  | '500'
  | '502'
  | '404page'
  | '200page'
  | 'cut'
  | 'reset'
  | 'resetAfter'

interface Fault {
  readonly kind: FaultKind
  readonly operation: Operation | 'any'
  left: number
}

/** Faults that are waiting for their request, first come first served. */
export class Faults {
  readonly #waiting: Fault[] = []

  /** The next `times` requests of this operation fail so. */
  next(kind: FaultKind, operation: Operation | 'any' = 'any', times = 1): void {
    this.#waiting.push({ kind, operation, left: times })
  }

  /** All requests of this operation fail so, until `clear`. */
  always(kind: FaultKind, operation: Operation | 'any' = 'any'): void {
    this.next(kind, operation, Number.POSITIVE_INFINITY)
  }

  clear(): void {
    this.#waiting.length = 0
  }

  take(operation: Operation): FaultKind | null {
    const at = this.#waiting.findIndex((fault) => fault.operation === 'any' || fault.operation === operation)
    const fault = this.#waiting[at]
    if (fault === undefined) return null
    if (--fault.left <= 0) this.#waiting.splice(at, 1)
    return fault.kind
  }
}
