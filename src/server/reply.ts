import type { ServerResponse } from 'node:http'
import { type ErrorCode, forLog, isSessionError } from '../errors.js'
import type { Logger } from '../ports/index.js'

/** What a route answers: a JSON document, or a text with its own content type. */
export interface Reply {
  readonly status: number
  /** They go before those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** In place of `json`; `headers` names its type. */
  readonly text?: string | Buffer
  /** In place of both: gets the answer once its head is sent, writes to it as long as it likes, and ends it. */
  readonly stream?: (response: ServerResponse) => void
  /** The rest of the request is not read: the connection ends with this answer. */
  readonly endsConnection?: boolean
}

/** What this server refuses by itself, beside the codes of {@link ErrorCode}. */
export type RefusalCode =
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'methodNotAllowed'
  | 'unsupportedMediaType'
  | 'tooManyRequests'
  | 'internal'

const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  missing: 404,
  exists: 409,
  fenced: 409,
  leased: 409,
  ended: 409,
  corrupt: 500,
  denied: 502,
  tooLarge: 502,
  closed: 503,
  locked: 503,
  unavailable: 503,
  undecided: 503,
  timeout: 504,
  diskFull: 507,
}

export function ok(json: unknown, status = 200): Reply {
  return { status, json }
}

export function refusal(status: number, code: RefusalCode | ErrorCode, message: string): Reply {
  return { status, json: { error: { code, message } } }
}

/** A failure as its caller may see it. What is not a SessionError is a defect: logged, and not shown. */
export function replyOfError(error: unknown, logger: Logger): Reply {
  if (isSessionError(error)) return refusal(statuses[error.code], error.code, error.message)
  logger.error({ err: forLog(error) }, 'a request failed in a way that it should not; please report it')
  return refusal(500, 'internal', 'The request failed in an unexpected way; see the log of the server.')
}

/** On every answer. Nothing here is for a cache, a frame or another site. */
const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return
  const headers = {
    ...commonHeaders,
    'content-type': reply.text === undefined ? 'application/json' : 'text/plain; charset=utf-8',
    ...reply.headers,
    ...(reply.endsConnection ? { connection: 'close' } : {}),
  }
  if (reply.stream !== undefined) {
    response.writeHead(reply.status, headers)
    // A HEAD has no body: nothing would ever be written, and nothing ended.
    if (response.req.method === 'HEAD') response.end()
    else reply.stream(response)
    return
  }
  const body = reply.text ?? `${JSON.stringify(reply.json ?? {})}\n`
  // 304 has no body, and the length it would tell is another's.
  if (reply.status === 304) response.writeHead(304, headers).end()
  else response.writeHead(reply.status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}
