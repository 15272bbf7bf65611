import type { ServerResponse } from 'node:http'
import { type ErrorCode, isSessionError } from '../errors.js'
import type { Logger } from '../ports/index.js'

/** What a route answers: a JSON document, or a text with its own content type. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** In place of `json`; `headers` names its type. */
  readonly text?: string | Buffer
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
  logger.error({ err: error }, 'a request failed in a way that it should not; please report it')
  return refusal(500, 'internal', 'The request failed in an unexpected way; see the log of the server.')
}

/** On every answer. Nothing here is for a cache, a frame or another site. */
const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return
  const isText = reply.text !== undefined
  const body = reply.text ?? `${JSON.stringify(reply.json ?? {})}\n`
  response.writeHead(reply.status, {
    ...commonHeaders,
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    ...reply.headers,
    'content-length': Buffer.byteLength(body),
    ...(reply.endsConnection ? { connection: 'close' } : {}),
  })
  response.end(body)
}
