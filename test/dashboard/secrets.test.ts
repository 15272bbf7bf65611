import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createDashboardServer } from '../../src/index.js'
import { type Loopback, startLoopback, trustLoopback } from '../../src/loopback/index.js'
import { send } from '../server/setup.js'
import { startSupervisor } from '../supervisor/support.js'
import { EventReader } from './setup.js'

const number = '628120001234'
let wa: Loopback
let undoTrust: () => void

beforeEach(async () => {
  wa = await startLoopback()
  undoTrust = trustLoopback(wa.rootPublicKey)
})

afterEach(async () => {
  await wa.close()
  undoTrust()
})

/** A dashboard over a supervisor with real Baileys, all that it logs, and the codes that were shown. */
async function watched() {
  const logged: string[] = []
  const note = (fields: object, text?: string) => {
    const { err, ...rest } = fields as { err?: Error }
    logged.push(`${JSON.stringify(rest)} ${err?.stack ?? ''} ${text ?? ''}`)
  }
  const logger = { debug: note, info: note, warn: note, error: note }
  const { supervisor, sessionPath } = await startSupervisor({ link: undefined, socketUrl: wa.url, logger })
  const api = createDashboardServer(supervisor, { port: 0, logger })
  const { port } = await api.listen()
  onTestFinished(() => api.close({ graceMs: 0 }))
  const codes: string[] = []
  supervisor.on('qr', ({ qr }) => void codes.push(qr))
  return { supervisor, port, logged, codes, creds: path.join(sessionPath, 'a', 'creds.json') }
}

describe('what leaves the server while a tenant is paired and used', () => {
  it('holds no code, no key, no whole number and no address of an account', async () => {
    const { supervisor, port, logged, codes, creds } = await watched()
    const page = await EventReader.open(port, '/events?tenant=a', {})
    const phone = wa.phone({ number })
    supervisor.on('qr', ({ qr }) => void phone.scan(qr))
    const session = await supervisor.start('a')
    await session.waitFor('connected', { timeoutMs: 25_000 })
    const contact = wa.contact({ number: '628130000001' })
    await contact.send(phone, 'before')
    await wa.waitForStats(({ pending }) => pending === 0, { timeoutMs: 25_000 })
    await session.backupNow()
    await page.next('changes', ({ rows }) => rows.some(({ status }) => status === 'CONNECTED'))

    const texts = [JSON.stringify(page.events), logged.join('\n')]
    const paths = ['', '/timeline', '/generations', '/logout-preview'].map((end) => `/tenants/a${end}`)
    for (const target of ['/tenants', '/health/sessions', '/session', '/', ...paths]) {
      const { status, json, headers } = await send(port, target, {})
      expect([target, status]).toEqual([target, target === '/' ? expect.any(Number) : 200])
      texts.push(JSON.stringify([json, headers]))
    }
    expect(page.events.some(({ name }) => name === 'step')).toBe(true)
    const parts = codes.flatMap((code) => [code, ...code.split(',')]).filter(({ length }) => length >= 20)
    const secrets = [...parts, number, '@s.whatsapp.net']
    secrets.push(...keysIn(readFileSync(creds, 'utf8')))
    expect(secrets.length).toBeGreaterThan(20)
    const found = secrets.filter((secret) => texts.some((text) => text.includes(secret)))
    expect(found).toEqual([])
  })
})

/** Every text in the creds that is long enough to be a key. */
function keysIn(creds: string): string[] {
  return [...creds.matchAll(/"([^"\\]{20,})"/g)].map(([, text]) => text!)
}
