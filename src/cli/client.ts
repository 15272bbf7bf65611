import { type ErrorCode, SessionError } from '../errors.js'
import type { TenantView } from '../server/index.js'

export interface ClientOptions {
  /** Address of a running server. */
  readonly url: string
  readonly token?: string
}

export interface CodeView {
  readonly tenantId: string
  readonly kind: 'qr' | 'pairingCode'
  readonly code: string
  readonly shownAt: string
}

/** A running supervisor's HTTP API, as the command line uses it. */
export class Client {
  readonly #base: URL
  readonly #token: string | undefined

  /** @throws SessionError `invalid` the address */
  constructor({ url, token }: ClientOptions) {
    const isUsable = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
    if (!isUsable) {
      throw new SessionError(
        'invalid',
        `The address of the server cannot be used: expected e.g. http://127.0.0.1:3000, in --url or SUPERVISOR_URL.`,
      )
    }
    this.#base = new URL(url)
    this.#token = token
  }

  async tenants(): Promise<{ tenants: TenantView[]; registry: 'ok' | 'unavailable' }> {
    return (await this.#ask('GET', '/tenants')) as { tenants: TenantView[]; registry: 'ok' | 'unavailable' }
  }

  async tenant(tenantId: string): Promise<TenantView> {
    return (await this.#ask('GET', pathOf(tenantId))) as TenantView
  }

  async add(tenantId: string, phoneNumber?: string): Promise<TenantView> {
    return (await this.#ask('POST', '/tenants', { tenantId, phoneNumber })) as TenantView
  }

  async act(tenantId: string, verb: string, body: object = {}): Promise<TenantView> {
    return (await this.#ask('POST', `${pathOf(tenantId)}/${verb}`, body)) as TenantView
  }

  /** Null: it shows none now. @throws SessionError `missing` the tenant, too, is not there */
  async code(tenantId: string): Promise<CodeView | null> {
    try {
      return (await this.#ask('GET', `${pathOf(tenantId)}/code`)) as CodeView
    } catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'missing') throw error
      await this.tenant(tenantId)
      return null
    }
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await this.#fetch(method, path, body)
    const text = await response.text().catch(() => '')
    const answer = parse(text)
    if (response.ok && answer !== null) return answer
    throw this.#refused(response.status, answer)
  }

  async #fetch(method: string, path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = {}
    if (this.#token) headers.authorization = `Bearer ${this.#token}`
    if (body) headers['content-type'] = 'application/json'
    // Longer than the server's own limit on what it is asked for.
    const signal = AbortSignal.timeout(90_000)
    const base = this.#base.pathname.replace(/\/$/, '')
    try {
      return await fetch(new URL(`${base}${path}`, this.#base), {
        method,
        headers,
        body: body ? JSON.stringify(body) : undefined,
        signal,
        redirect: 'error',
      })
    } catch (cause) {
      throw new SessionError(
        'unavailable',
        `No supervisor answers at ${this.#base.origin}. Start one with "npx session-supervisor start", or give its address with --url.`,
        { cause },
      )
    }
  }

  #refused(status: number, answer: unknown): SessionError {
    const { code, message } = (answer as { error?: { code?: string; message?: string } } | null)?.error ?? {}
    if (status === 401) {
      const problem = this.#token
        ? 'refused the token in DASHBOARD_TOKEN'
        : 'wants a token: set DASHBOARD_TOKEN'
      return new SessionError('denied', `The server at ${this.#base.origin} ${problem}.`)
    }
    if (message === undefined) {
      return new SessionError(
        'unavailable',
        `What answers at ${this.#base.origin} is no supervisor (HTTP ${status}). Give the right address with --url.`,
      )
    }
    return new SessionError(codes.has(code as ErrorCode) ? (code as ErrorCode) : 'unavailable', message)
  }
}

const codes = new Set<ErrorCode>([
  'invalid',
  'unavailable',
  'denied',
  'missing',
  'exists',
  'tooLarge',
  'corrupt',
  'undecided',
  'fenced',
  'leased',
  'closed',
  'locked',
  'diskFull',
  'timeout',
  'ended',
])

function pathOf(tenantId: string): string {
  return `/tenants/${encodeURIComponent(tenantId)}`
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
