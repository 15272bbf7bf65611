import { SessionError } from '../errors.js'

/** Where alerts are sent. */
export interface WebhookConfig {
  /** `https://…`; `http://` to this machine only. */
  readonly url: string
  /** At least 16 characters; without it the deliveries are not signed. */
  readonly secret?: string
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const shortestSecret = 16

/** Null when it may be used, else why not. The URL is not part of it: its path may be a secret. */
export function webhookProblem({ url, secret }: WebhookConfig): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return 'expected a URL that starts with https://'
  if (parsed.username || parsed.password) return 'expected a URL without a user name or password'
  if (parsed.protocol === 'http:' && !loopback.test(parsed.hostname)) {
    return 'expected https://: alerts tell who your tenants are, and plain http:// is for addresses of this machine only (127.0.0.1, localhost)'
  }
  if (secret !== undefined && secret.length < shortestSecret)
    return `expected a secret of at least ${shortestSecret} characters`
  return null
}

/** @throws SessionError `invalid` */
export function checkWebhook(config: WebhookConfig): WebhookConfig {
  const problem = webhookProblem(config)
  if (problem === null) return config
  throw new SessionError('invalid', `Alert webhook refused: ${problem}. Nothing was started.`)
}
