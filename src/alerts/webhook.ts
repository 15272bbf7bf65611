import type { Clock, Logger, Random } from '../ports/index.js'
import type { Settings } from '../settings.js'
import type { Alert } from './alert.js'
import { post } from './post.js'
import { signatureOf } from './signature.js'
import type { WebhookConfig } from './webhook-url.js'

export interface WebhookParts {
  readonly config: WebhookConfig
  readonly settings: Pick<Settings, 'webhookTimeoutMs' | 'webhookRetryMs' | 'webhookTries' | 'webhookFlushMs'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Short id of this host. */
  readonly host: string
  told(result: 'delivered' | 'failed' | 'dropped'): void
}

/** Alerts that wait at most; the oldest go first, as their news is the oldest. */
const mostWaiting = 100

/** Delivers alerts one after the other, in the background: nobody waits for it but `close`, and that within a limit. */
export class Webhook {
  readonly #parts: WebhookParts
  readonly #queue: Alert[] = []
  readonly #ended = new AbortController()
  #running: Promise<void> | null = null
  #isClosing = false
  #wake = () => {}

  constructor(parts: WebhookParts) {
    this.#parts = parts
  }

  push(alert: Alert): void {
    if (this.#isClosing) return
    const isKnown = this.#queue.some(({ id, state }) => id === alert.id && state === alert.state)
    if (isKnown) return
    if (this.#queue.length >= mostWaiting) {
      this.#queue.shift()
      this.#parts.told('dropped')
    }
    this.#queue.push(alert)
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  /** Tries once more what waits, for `webhookFlushMs` at most; nothing is left behind. */
  async close(): Promise<void> {
    const { clock, settings } = this.#parts
    this.#isClosing = true
    this.#wake()
    const timer = clock.setTimeout(() => this.#ended.abort(), settings.webhookFlushMs)
    await this.#running
    clock.clearTimeout(timer)
    this.#ended.abort()
  }

  async #run(): Promise<void> {
    for (let alert = this.#queue.shift(); alert !== undefined; alert = this.#queue.shift()) {
      const isDelivered = await this.#deliver(alert)
      this.#parts.told(isDelivered ? 'delivered' : 'failed')
      if (isDelivered) continue
      const { rule, state } = alert
      this.#parts.logger.warn(
        { alert: rule, state },
        'an alert was not delivered to the webhook and is given up. Look at what answers at ALERT_WEBHOOK_URL',
      )
    }
  }

  async #deliver(alert: Alert): Promise<boolean> {
    const { settings, logger, random } = this.#parts
    for (let tries = 1; !this.#ended.signal.aborted; tries++) {
      // What is under way when the closing begins is tried once more.
      const isLast = this.#isClosing
      const outcome = await this.#try(alert)
      if (typeof outcome === 'number' && outcome >= 200 && outcome < 300) return true
      logger.debug({ alert: alert.rule, tries, outcome }, 'the webhook did not take an alert')
      if (isFinal(outcome) || tries >= settings.webhookTries || isLast) return false
      await this.#pause(settings.webhookRetryMs * 2 ** (tries - 1) * (0.5 + random() / 2))
    }
    return false
  }

  /** The status, or in a word why there is none. */
  async #try(alert: Alert): Promise<number | string> {
    const { config, settings, clock, host } = this.#parts
    const body = JSON.stringify({ ...bodyOf(alert), host })
    const timestamp = String(Math.floor(clock.now() / 1_000))
    const attempt = new AbortController()
    const abort = () => attempt.abort()
    this.#ended.signal.addEventListener('abort', abort)
    const timer = clock.setTimeout(abort, settings.webhookTimeoutMs)
    try {
      const headers = headersOf(alert, { timestamp, body, secret: config.secret })
      return await post({ url: config.url, headers, body, signal: attempt.signal })
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException
      return attempt.signal.aborted ? 'no answer in time' : (code ?? name)
    } finally {
      clock.clearTimeout(timer)
      this.#ended.signal.removeEventListener('abort', abort)
    }
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#parts
    if (this.#isClosing) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms)
      this.#wake = () => {
        clock.clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Another try would be answered in the same way. */
function isFinal(outcome: number | string): boolean {
  return typeof outcome === 'number' && outcome < 500 && outcome !== 408 && outcome !== 429
}

function bodyOf({ raisedAt, at, ...alert }: Alert) {
  return { version: 1, ...alert, raisedAt: new Date(raisedAt).toISOString(), at: new Date(at).toISOString() }
}

function headersOf(
  { id, state }: Alert,
  { timestamp, body, secret }: { timestamp: string; body: string; secret: string | undefined },
): Record<string, string> {
  const signature: Record<string, string> =
    secret === undefined ? {} : { 'x-supervisor-signature': signatureOf(secret, timestamp, body) }
  return {
    'content-type': 'application/json',
    'user-agent': 'baileys-session-supervisor',
    // The same for every try, so that a receiver can tell a repetition.
    'x-supervisor-delivery': encodeURIComponent(`${id}/${state}`),
    'x-supervisor-timestamp': timestamp,
    ...signature,
  }
}
