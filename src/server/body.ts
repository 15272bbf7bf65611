import type { IncomingMessage } from 'node:http'
import { type Reply, refusal } from './reply.js'

export type Body = { readonly value: Readonly<Record<string, unknown>> } | { readonly problem: Reply }

/** Reads the JSON object that a request carries; one without a body is an empty object. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  const isEmpty =
    request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  // A form, or a script that does not ask first, cannot send this type across sites.
  if (type === undefined ? !isEmpty : type !== 'application/json') {
    const problem = refusal(415, 'unsupportedMediaType', 'Send "content-type: application/json", or no body.')
    return { problem: isEmpty ? problem : { ...problem, endsConnection: true } }
  }
  if (isEmpty) return { value: {} }
  if (request.readableDidRead) return readBefore(request)
  const bytes = await readBytes(request, maxBytes)
  if (bytes === null) {
    const problem = refusal(413, 'tooLarge', `The body is larger than ${maxBytes} bytes.`)
    return { problem: { ...problem, endsConnection: true } }
  }
  return parse(bytes)
}

/** The embedding program has read the body already, and left it where its framework puts it. */
function readBefore(request: IncomingMessage): Body {
  const { body } = request as { body?: unknown }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { value: { ...body } }
  const problem = refusal(
    400,
    'invalid',
    'The body is not a JSON object, or the program that serves this has read it: see docs/dashboard.md.',
  )
  return { problem }
}

/** Null when there are more. */
async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function parse(bytes: Buffer): Body {
  if (bytes.length === 0) return { value: {} }
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value: { ...value } }
    return { problem: refusal(400, 'invalid', 'The body is not a JSON object.') }
  } catch {
    return { problem: refusal(400, 'invalid', 'The body is not valid JSON.') }
  }
}
