import type { Clock } from '../ports/index.js'

export interface BoundedFetch {
  readonly fetch: typeof fetch
  /** Aborts every request under way. */
  abortAll(): void
}

export interface BoundedFetchOptions {
  readonly fetch: typeof fetch
  readonly timeoutMs: number
  readonly clock: Clock
}

/** Statuses whose Response may not be built with a body. */
const bodyless = new Set([101, 204, 205, 304])

/**
 * A fetch whose answer is read to its end before it is handed on, under one time limit for all of it. So a hung
 * server, a stalled body and a body cut short all fail in one place, and no timer outlives its request.
 */
export function boundedFetch(options: BoundedFetchOptions): BoundedFetch {
  const underWay = new Set<AbortController>()
  const bounded: typeof fetch = async (input, init) => {
    const controller = new AbortController()
    const onCallerAbort = () => controller.abort(init?.signal?.reason)
    const timer = options.clock.setTimeout(
      () => controller.abort(new DOMException(`No answer within ${options.timeoutMs} ms`, 'TimeoutError')),
      options.timeoutMs,
    )
    underWay.add(controller)
    if (init?.signal?.aborted) onCallerAbort()
    init?.signal?.addEventListener('abort', onCallerAbort, { once: true })
    try {
      const response = await options.fetch(input, { ...init, signal: controller.signal })
      return buffered(response, await response.arrayBuffer())
    } finally {
      options.clock.clearTimeout(timer)
      underWay.delete(controller)
      init?.signal?.removeEventListener('abort', onCallerAbort)
    }
  }
  return {
    fetch: bounded,
    abortAll: () => {
      for (const controller of underWay) {
        controller.abort(new DOMException('The object store was closed', 'AbortError'))
      }
    },
  }
}

/** @throws Error for an answer that the standard knows no form for, such as one of status 600: no mistake of ours */
function buffered(response: Response, body: ArrayBuffer): Response {
  const { status, statusText, headers } = response
  try {
    return new Response(bodyless.has(status) ? null : body, { status, statusText, headers })
  } catch {
    throw new Error(`it answered in no known form (HTTP ${status})`)
  }
}
