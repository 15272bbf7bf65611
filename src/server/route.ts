import type { IncomingHttpHeaders } from 'node:http'
import type { Caller } from './caller.js'
import type { Reply } from './reply.js'

export interface ApiRequest {
  /** What the path's `:names` stand for. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The JSON object of the body; empty when there was none. */
  readonly body: Readonly<Record<string, unknown>>
  readonly caller: Caller
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** e.g. `/tenants/:id/start` */
  readonly path: string
  /** True: needs no token. Default false. */
  readonly isOpen?: boolean
  handle(request: ApiRequest): Promise<Reply> | Reply
}

export interface Match {
  readonly params: Readonly<Record<string, string>>
  /** The routes of this path, one a method. */
  readonly routes: readonly Route[]
}

export interface Target {
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

/** A request's target in its parts, percent-decoded once; null when it is malformed or not a path. */
export function parseTarget(text: string): Target | null {
  if (!text.startsWith('/')) return null
  const at = text.indexOf('?')
  const path = at < 0 ? text : text.slice(0, at)
  try {
    return {
      segments: path.slice(1).split('/').map(decodeURIComponent),
      query: new URLSearchParams(at < 0 ? '' : text.slice(at + 1)),
    }
  } catch {
    return null
  }
}

export function matchRoutes(all: readonly Route[], segments: readonly string[]): Match {
  const found = all
    .map((route) => ({ route, params: paramsOf(route.path, segments) }))
    .filter(({ params }) => params !== null)
  return { params: found[0]?.params ?? {}, routes: found.map(({ route }) => route) }
}

function paramsOf(path: string, segments: readonly string[]): Record<string, string> | null {
  const expected = path.slice(1).split('/')
  if (expected.length !== segments.length) return null
  const params: Record<string, string> = Object.create(null)
  for (const [index, name] of expected.entries()) {
    const segment = segments[index]!
    if (!name.startsWith(':')) {
      if (name !== segment) return null
    } else if (segment === '') return null
    else params[name.slice(1)] = segment
  }
  return params
}
