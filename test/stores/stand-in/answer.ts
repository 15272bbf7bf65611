/** What a route answers. `work done` faults are applied by the server after it. */
export interface Answer {
  readonly status: number
  readonly body: Uint8Array
  readonly headers: Record<string, string>
}

export function json(body: unknown, status = 200): Answer {
  return {
    status,
    body: Buffer.from(JSON.stringify(body)),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  }
}

/** The real server's way: HTTP 400 for nearly everything, the real code as text in the body. */
export class Refusal extends Error {
  readonly answer: Answer

  constructor(statusCode: string, error: string, message: string) {
    super(message)
    const status = statusCode === '500' ? 500 : 400
    this.answer = json({ statusCode, code: error, error, message }, status)
  }
}

export const refusals = {
  noBucket: () => new Refusal('404', 'Bucket not found', 'Bucket not found'),
  noObject: () => new Refusal('404', 'not_found', 'Object not found'),
  exists: () => new Refusal('409', 'Duplicate', 'The resource already exists'),
  tooLarge: () => new Refusal('413', 'Payload too large', 'The object exceeded the maximum allowed size'),
  mime: (type: string) => new Refusal('415', 'invalid_mime_type', `mime type ${type} is not supported`),
  rls: () => new Refusal('403', 'Unauthorized', 'new row violates row-level security policy'),
  denied: (why: string) => new Refusal('403', 'Unauthorized', why),
  invalidKey: (key: string) => new Refusal('400', 'InvalidKey', `Invalid key: ${key}`),
  notEmpty: () => new Refusal('409', 'ResourceNotEmpty', 'The bucket you tried to delete is not empty'),
  internal: () => new Refusal('500', 'Internal', 'Internal Server Error'),
  invalid: (message: string) => new Refusal('400', 'InvalidRequest', message),
}

export function page(status: number, title: string): Answer {
  return {
    status,
    body: Buffer.from(`<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`),
    headers: { 'content-type': 'text/html' },
  }
}
