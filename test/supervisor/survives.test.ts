import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSupervisor,
  memoryRegistry,
  memoryStore,
  type SessionFact,
  systemClock,
} from '../../src/index.js'
import { type Loopback, startLoopback, trustLoopback } from '../../src/loopback/index.js'

let wa: Loopback
let undoTrust: () => void
let base: string

beforeEach(async () => {
  wa = await startLoopback()
  undoTrust = trustLoopback(wa.rootPublicKey)
  base = await mkdtemp(path.join(tmpdir(), 'bss-'))
})

afterEach(async () => {
  await wa.close()
  undoTrust()
  await rm(base, { recursive: true, force: true })
})

describe('a session', () => {
  it('pairs, talks, loses its host and comes back on another with no QR', async () => {
    const store = memoryStore()
    const registry = memoryRegistry({ clock: systemClock })
    const common = {
      store,
      registry,
      socketUrl: wa.url,
      signals: false,
      settings: { leaseTtlMs: 2000, leaseRenewMs: 500 },
    }
    const first = await createSupervisor({ ...common, sessionPath: path.join(base, 'a') })
    const facts: SessionFact[] = []
    first.on('fact', (f) => {
      facts.push(f)
      console.log(JSON.stringify(f))
    })
    first.on('changed', ({ tenantId }) => {
      const s = first.get(tenantId)!
      console.log(s.state, s.link, s.unprotected.changes)
    })
    const phone = wa.phone({ number: '628120000001' })
    first.on('qr', ({ qr }) => void phone.scan(qr))
    const session = await first.start('tenant-1')
    await session.waitFor('connected', { timeoutMs: 20000 })
    await session.backupNow()
    const ann = wa.contact({ number: '628130000001' })
    await ann.send(phone, 'hello')
    await session.socket!.sendMessage('628130000001@s.whatsapp.net', { text: 'hi ann' })
    await ann.waitForReceived(1)
    const result = await session.stop()
    console.log(result, wa.stats)
    await first.shutdown()
    console.log((await readdir(path.join(base, 'a', 'tenant-1'))).length)
    const second = await createSupervisor({ ...common, sessionPath: path.join(base, 'b'), resume: false })
    second.on('fact', (f) => {
      console.log('B', JSON.stringify(f))
    })
    let qr = 0
    second.on('qr', () => qr++)
    const again = await second.start('tenant-1')
    await again.waitFor('connected', { timeoutMs: 20000 })
    await again.socket!.sendMessage('628130000001@s.whatsapp.net', { text: 'hi again' })
    await ann.waitForReceived(2)
    await second.shutdown()
    console.log(wa.stats)
    expect(qr).toBe(0)
  })
})
