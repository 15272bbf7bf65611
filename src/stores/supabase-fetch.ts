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

const redirects = new Set([301, 302, 303, 307, 308])

/** Of an object: well above what any generation is split into, and what is in memory is this and once more at most. */
const mostObjectBytes = 256 * 1024 * 1024
/** Of any other answer: a page of a listing is below 1 MB. */
const mostAnswerBytes = 16 * 1024 * 1024

/**
 * A fetch whose answer is read to its end before it is handed on, under one limit of time and size for all of it. So a
 * hung server, a stalled body, one without an end and one cut short all fail in one place, and no timer outlives its
 * request. Redirects are not followed: the key would go along, to whoever is there.
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
      const response = await options.fetch(input, { ...init, redirect: 'manual', signal: controller.signal })
      if (redirects.has(response.status)) throw redirected(response)
      return buffered(response, await bodyOf(response, mostBytes(response, init)))
    } catch (error) {
      controller.abort(error)
      throw error
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

function mostBytes(response: Response, init: RequestInit | undefined): number {
  return response.ok && (init?.method ?? 'GET') === 'GET' ? mostObjectBytes : mostAnswerBytes
}

async function bodyOf(response: Response, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > most) throw new Error(`its answer is longer than ${most} bytes`)
    chunks.push(chunk)
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)
}

function redirected(response: Response): Error {
  const target = response.headers.get('location') ?? ''
  const origin = URL.canParse(target) ? ` to ${new URL(target).origin}` : ''
  return new Error(`it redirects${origin}, where the key is not sent; set SUPABASE_URL to the server itself`)
}

/** @throws Error for an answer that the standard knows no form for, such as one of status 600: no mistake of ours */
function buffered(response: Response, body: Uint8Array<ArrayBuffer>): Response {
  const { status, statusText, headers } = response
  try {
    return new Response(bodyless.has(status) ? null : body, { status, statusText, headers })
  } catch {
    throw new Error(`it answered in no known form (HTTP ${status})`)
  }
}
