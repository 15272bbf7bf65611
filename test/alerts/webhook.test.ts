import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkWebhook, Webhook, type WebhookConfig } from '../../src/alerts/index.js'
import { type Alert, silentLogger, systemClock } from '../../src/index.js'
import { defaultSettings, type Settings } from '../../src/settings.js'
import { startReceiver } from './rig.js'

const secret = 'a-secret-of-some-length'

function alertOf(tenantId: string): Alert {
  const at = Date.UTC(2026, 0, 1)
  return {
    id: `backup.failing/${tenantId}/${at}`,
    rule: 'backup.failing',
    state: 'raised',
    tenantId,
    tenants: 1,
    raisedAt: at,
    at,
    message: 'five backups failed',
    advice: 'Look at the log.',
  }
}

function webhookTo(config: WebhookConfig, settings: Partial<Settings> = {}) {
  const results: string[] = []
  const looks = new Set<() => void>()
  const webhook = new Webhook({
    config,
    settings: { ...defaultSettings, webhookRetryMs: 5, webhookFlushMs: 200, ...settings },
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    host: '1f0c2a9b',
    told: (result) => {
      results.push(result)
      for (const look of looks) look()
    },
  })
  onTestFinished(() => webhook.close())
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => results.length >= count && resolve()
      looks.add(look)
      look()
    })
  return { webhook, results, until }
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The snippet of docs/operations.md, as a reader would copy it. */
async function documentedCheck() {
  const text = await readFile(path.join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const [, snippet] = /<!-- verify -->\n+```js\n([\s\S]*?)```/.exec(text)!
  const folder = await mkdtemp(path.join(tmpdir(), 'verify-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'verify.mjs')
  await writeFile(file, snippet!)
  const { isGenuine } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    isGenuine(headers: object, rawBody: string, secret: string, nowSeconds?: number): boolean
  }
  return isGenuine
}

describe('a webhook', () => {
  it('gets the alert as JSON, signed so that the documented check takes it', async () => {
    const receiver = await startReceiver(() => 204)
    const { webhook, until } = webhookTo({ url: receiver.url, secret })
    webhook.push(alertOf('a'))
    await until(1)
    const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]]
    expect(JSON.parse(body)).toEqual({
      version: 1,
      ...alertOf('a'),
      raisedAt: '2026-01-01T00:00:00.000Z',
      at: '2026-01-01T00:00:00.000Z',
      host: '1f0c2a9b',
    })
    expect(headers['content-type']).toBe('application/json')
    const isGenuine = await documentedCheck()
    expect(isGenuine(headers, body, secret)).toBe(true)
    expect(isGenuine(headers, `${body} `, secret)).toBe(false)
    expect(isGenuine(headers, body, 'another-secret-altogether')).toBe(false)
    expect(isGenuine({ ...headers, 'x-supervisor-signature': 'sha256=00' }, body, secret)).toBe(false)
    expect(isGenuine({ ...headers, 'x-supervisor-timestamp': '1' }, body, secret)).toBe(false)
    const later = Number(headers['x-supervisor-timestamp']) + 301
    expect(isGenuine(headers, body, secret, later)).toBe(false)
    expect(isGenuine({}, body, secret)).toBe(false)
  })

  it('that answers 500 is tried again, with the same delivery, until it takes it', async () => {
    const receiver = await startReceiver((nth) => (nth < 3 ? 500 : 200))
    const { webhook, results, until } = webhookTo({ url: receiver.url, secret })
    webhook.push(alertOf('a'))
    await until(1)
    expect(results).toEqual(['delivered'])
    expect(receiver.received).toHaveLength(3)
    expect(new Set(receiver.received.map(({ headers }) => headers['x-supervisor-delivery'])).size).toBe(1)
  })

  it('is given up after so many tries, and the next alert is tried all the same', async () => {
    const receiver = await startReceiver((nth) => (nth <= 5 ? 503 : 200))
    const { webhook, results, until } = webhookTo({ url: receiver.url })
    webhook.push(alertOf('a'))
    webhook.push(alertOf('b'))
    await until(2)
    expect(results).toEqual(['failed', 'delivered'])
    expect(receiver.received).toHaveLength(6)
    expect(receiver.received[0]!.headers['x-supervisor-signature']).toBeUndefined()
  })

  it.each([400, 401, 404, 410, 302])('that answers %i is not asked again', async (status) => {
    const receiver = await startReceiver(() => status)
    const { webhook, results, until } = webhookTo({ url: receiver.url })
    webhook.push(alertOf('a'))
    await until(1)
    expect(results).toEqual(['failed'])
    expect(receiver.received).toHaveLength(1)
  })

  it('that is down, or never answers, keeps nobody waiting', async () => {
    const down = webhookTo({ url: `http://127.0.0.1:${await closedPort()}/` }, { webhookTries: 2 })
    down.webhook.push(alertOf('a'))
    await down.until(1)
    expect(down.results).toEqual(['failed'])
    const receiver = await startReceiver(() => null)
    const slow = webhookTo({ url: receiver.url }, { webhookTries: 2, webhookTimeoutMs: 30 })
    slow.webhook.push(alertOf('a'))
    await slow.until(1)
    expect(slow.results).toEqual(['failed'])
    expect(receiver.received).toHaveLength(2)
  })

  it('is sent the same alert once, and of too many that wait the oldest are dropped', async () => {
    const receiver = await startReceiver((nth) => (nth === 1 ? null : 200))
    const { webhook, results, until } = webhookTo(
      { url: receiver.url },
      { webhookTries: 1, webhookTimeoutMs: 200 },
    )
    webhook.push(alertOf('first'))
    for (let at = 0; at < 120; at++) {
      webhook.push(alertOf(`t-${at}`))
      webhook.push(alertOf(`t-${at}`))
    }
    await until(121)
    const count = (wanted: string) => results.filter((result) => result === wanted).length
    expect([count('dropped'), count('failed'), count('delivered')]).toEqual([20, 1, 100])
    expect(JSON.parse(receiver.received[1]!.body).tenantId).toBe('t-20')
  })

  it('gets what is left at a shutdown, without the waits; one that hangs is cut off', async () => {
    const receiver = await startReceiver((nth) => (nth === 1 ? 500 : 200))
    const { webhook, results } = webhookTo({ url: receiver.url }, { webhookRetryMs: 600_000 })
    webhook.push(alertOf('a'))
    webhook.push(alertOf('b'))
    await receiver.until(1)
    await webhook.close()
    expect(results).toEqual(['delivered', 'delivered'])
    webhook.push(alertOf('c'))
    expect(receiver.received).toHaveLength(3)

    const hung = await startReceiver(() => null)
    const other = webhookTo({ url: hung.url }, { webhookTimeoutMs: 600_000, webhookFlushMs: 50 })
    other.webhook.push(alertOf('a'))
    await hung.until(1)
    await other.webhook.close()
    expect(other.results).toEqual(['failed'])
  })
})

describe('the address of a webhook', () => {
  it.each([
    ['https://hooks.example.com/abc', undefined],
    ['http://127.0.0.1:9000/x', secret],
    ['http://localhost/x', undefined],
    ['http://[::1]:9000/', undefined],
  ])('%s may be used', (url, given) => {
    expect(checkWebhook({ url, secret: given })).toEqual({ url, secret: given })
  })

  it.each([
    ['http://hooks.example.com/abc', undefined, /plain http:\/\/ is for addresses of this machine only/],
    ['http://127.0.0.1.example.com/', undefined, /plain http/],
    ['http://10.0.0.7/', undefined, /plain http/],
    ['ftp://127.0.0.1/', undefined, /starts with https/],
    ['hooks.example.com', undefined, /starts with https/],
    ['https://user:pa55word@hooks.example.com/', undefined, /without a user name or password/],
    ['https://hooks.example.com/abc', 'short', /at least 16 characters/],
  ])('%s is refused, without being repeated', (url, given, why) => {
    const attempt = () => checkWebhook({ url, secret: given })
    expect(attempt).toThrow(why)
    expect(attempt).not.toThrow(/example\.com|pa55word/)
  })
})
