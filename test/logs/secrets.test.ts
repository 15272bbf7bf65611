import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TenantRecord } from '../../src/index.js'
import { type Contact, type Loopback, type Phone, startLoopback } from '../../src/loopback/index.js'
import { startReceiverForFile } from '../alerts/rig.js'
import { send } from '../server/setup.js'
import { LoggedHost } from './host.js'
import { Secrets } from './secrets.js'

const token = 'a-token-of-some-length'
const webhookSecret = 'a-webhook-secret-of-some-length'
const numbers = { a: '628120007731', b: '628120007732', contact: '628130007733' }
const patient = { timeoutMs: 40_000 }

const root = mkdtempSync(path.join(tmpdir(), 'logs-'))
const sessions = path.join(root, 'sessions')
const secrets = new Secrets()
/** Everything that came out, by where. */
const outputs: { where: string; text: string }[] = []
let wa: Loopback
let receiver: Awaited<ReturnType<typeof startReceiverForFile>>
let host: LoggedHost
let phones: { a: Phone; b: Phone }
let contact: Contact

async function startHost(): Promise<LoggedHost> {
  const started = new LoggedHost({
    TEST_ROOT_KEY: wa.rootPublicKey,
    WHATSAPP_SOCKET_URL: wa.url,
    WHATSAPP_SESSION_PATH: sessions,
    DATA_PATH: path.join(root, 'data'),
    DATABASE_URL: 'memory:',
    LOG_LEVEL: 'trace',
    PORT: '0',
    DASHBOARD_TOKEN: token,
    ALERT_WEBHOOK_URL: receiver.url,
    ALERT_WEBHOOK_SECRET: webhookSecret,
  })
  started.onCode = (kind, tenantId, text) => {
    secrets.text(`the ${kind}`, text)
    for (const part of text.split(',').filter(({ length }) => length >= 20))
      secrets.text(`part of the ${kind}`, part)
    const phone = tenantId === 'tenant-a' ? phones.a : phones.b
    const linked = kind === 'qr' ? phone.scan(text, patient) : phone.enterPairingCode(text, patient)
    linked.catch(() => {})
  }
  await started.ready()
  return started
}

function noteKeys(): void {
  for (const tenantId of ['tenant-a', 'tenant-b']) {
    const folder = path.join(sessions, tenantId)
    if (existsSync(folder)) secrets.folder(folder)
  }
}

async function talk(): Promise<void> {
  for (const phone of [phones.a, phones.b]) {
    const before = contact.received.length
    await contact.send(phone, 'hello')
    await contact.waitForReceived(before + 1, patient)
  }
  noteKeys()
}

async function look(): Promise<void> {
  const paths = [
    '/healthz',
    '/readyz',
    '/health/sessions',
    '/metrics',
    '/tenants',
    '/tenants/tenant-a',
    '/tenants/tenant-a/timeline',
  ]
  const headers = { authorization: `Bearer ${token}` }
  for (const target of paths) {
    const { status, json, headers: given } = await send(host.port, target, { headers })
    expect([target, status]).toEqual([target, 200])
    const text = typeof json === 'string' ? json : JSON.stringify(json)
    outputs.push({ where: target, text: `${text}\n${JSON.stringify(given)}` })
  }
  // The column is documented: the whole number is in it, and nowhere else in a row.
  const rows = (await host.tell('rows')) as TenantRecord[]
  outputs.push({ where: 'rows', text: JSON.stringify(rows.map(({ phoneNumber: _, ...row }) => row)) })
}

beforeAll(async () => {
  wa = await startLoopback()
  receiver = await startReceiverForFile(() => 204)
  phones = { a: wa.phone({ number: numbers.a }), b: wa.phone({ number: numbers.b }) }
  contact = wa.contact({ number: numbers.contact })
  for (const [whose, number] of Object.entries(numbers)) secrets.text(`the number of ${whose}`, number)
  for (const domain of ['@s.whatsapp.net', '@lid']) secrets.text('an address', domain)
  secrets.text('the token', token)
  secrets.text('the secret of the webhook', webhookSecret)
  host = await startHost()
}, 60_000)

afterAll(async () => {
  await host?.kill()
  await receiver?.close()
  await wa?.close()
  rmSync(root, { recursive: true, force: true })
})

describe('everything that comes out of a host at LOG_LEVEL=trace', () => {
  it('holds no key, no code, no whole number and no address', async () => {
    // Pairing by a QR code, and by a code to type.
    await host.tell('start', 'tenant-a')
    await host.tell('start', 'tenant-b', `+${numbers.b}`)
    await host.tell('connected', 'tenant-a')
    await host.tell('connected', 'tenant-b')
    noteKeys()
    await talk()
    await look()

    // A crash, and a start on what it left.
    await host.kill()
    outputs.push({ where: 'the first process', text: host.output })
    host = await startHost()
    for (const tenantId of ['tenant-a', 'tenant-b']) {
      await host.tell('start', tenantId)
      await host.tell('connected', tenantId)
    }
    await talk()
    await host.tell('audit', 'tenant-a')

    // The store is away while messages go on: backups fail, and somebody is alerted.
    await host.tell('store', 'down')
    await talk()
    for (let tries = 0; tries < 3; tries++) {
      for (const tenantId of ['tenant-a', 'tenant-b']) await host.tell('backup', tenantId)
    }
    await receiver.until(1)
    await look()
    await host.tell('store', 'up')
    for (const tenantId of ['tenant-a', 'tenant-b']) await host.tell('backup', tenantId)
    await talk()
    await look()
    for (const { headers, body } of receiver.received)
      outputs.push({ where: 'the webhook', text: `${JSON.stringify(headers)}\n${body}` })
    outputs.push({ where: 'the second process', text: host.output })

    const found = outputs.flatMap(({ where, text }) =>
      secrets.in(text).map((secret) => `${where}: ${secret}`),
    )
    expect(found).toEqual([])
    // What was searched for, and where, is what it claims to be.
    expect(secrets.count).toBeGreaterThan(2_000)
    expect(wa.stats).toMatchObject({ pairings: 2, undecryptable: 0 })
    const all = outputs.map(({ text }) => text).join('\n')
    for (const line of [
      'local session kept',
      'backup failed',
      'alert: ',
      '"level":20',
      'session_supervisor_info',
    ])
      expect(all).toContain(line)
    expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({ rule: 'backup.failing', state: 'raised' })
  }, 180_000)

  it.each([
    ['a key in a log line', /noiseKey/],
    ['a key in hex in an error', /advSecretKey.* in hex/],
    ['bytes on standard output', /signedIdentityKey.* as a Buffer/],
    ['a whole number', /the number of a/],
    ['an address', /an address/],
  ])('would not hide %s', async (leak, where) => {
    const before = host.output.length
    await host.tell('plant', 'tenant-a', leak)
    await expect
      .poll(() => secrets.in(host.output.slice(before)).join('\n'), { timeout: 10_000 })
      .toMatch(where)
  })

  it('has nothing of what libsignal prints', async () => {
    await host.tell('libsignal')
    await host.tell('plant', 'tenant-a', 'a whole number')
    await expect
      .poll(() => host.output.split('"msg":"planted"').length, { timeout: 10_000 })
      .toBeGreaterThan(3)
    expect(host.output).not.toContain('printed-by-libsignal')
  })
})
