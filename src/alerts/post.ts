import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export interface Delivery {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** Posts on a connection of its own; a redirect is an answer like any other. The answer's body is not read. */
export function post({ url, headers, body, signal }: Delivery): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const options = { method: 'POST', headers: { ...headers, ...length }, agent: false, signal } as const
    const request = send(url, options, (response) => {
      response.on('error', () => {})
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    request.on('error', reject)
    request.end(body)
  })
}
