import { existsSync, readdirSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryRegistry, memoryStore, type SupervisorOptions, systemClock } from '../../src/index.js'
import { type Loopback, startLoopback, trustLoopback } from '../../src/loopback/index.js'
import { startSupervisor } from './support.js'

const patient = { timeoutMs: 25_000 }
const number = '628120000001'

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

/** What outlives a host. */
function elsewhere() {
  return { store: memoryStore(), registry: memoryRegistry({ clock: systemClock }) }
}

/** A host with real Baileys on the loopback WhatsApp; `codes` counts what it asked people to scan or type. */
async function startHost(options: Partial<SupervisorOptions>) {
  const settings = { leaseTtlMs: 2_000, leaseRenewMs: 500, leasePollMs: 200, ...options.settings }
  const host = await startSupervisor({ ...options, link: undefined, socketUrl: wa.url, settings })
  const codes = { asked: 0 }
  host.supervisor.on('qr', () => codes.asked++)
  host.supervisor.on('pairingCode', () => codes.asked++)
  return { ...host, codes }
}

async function pairedHost(options: Partial<SupervisorOptions>) {
  const host = await startHost(options)
  const phone = wa.phone({ number })
  host.supervisor.on('qr', ({ qr }) => void phone.scan(qr))
  const session = await host.supervisor.start('tenant')
  await session.waitFor('connected', patient)
  return { ...host, phone, session }
}

describe('a session, with real Baileys', () => {
  it('is back on an empty disk with no code, and messages go both ways as if nothing had been', async () => {
    const { store, registry } = elsewhere()
    const { session, supervisor, phone, sessionPath } = await pairedHost({ store, registry })
    const contact = wa.contact({ number: '628130000001' })
    await contact.send(phone, 'before')
    await session.socket!.sendMessage(`${contact.number}@s.whatsapp.net`, { text: 'answer' })
    await contact.waitForReceived(1, patient)
    await wa.waitForStats(({ pending }) => pending === 0, patient)
    await supervisor.shutdown()
    rmSync(sessionPath, { recursive: true })

    const next = await startHost({ store, registry })
    const again = await next.supervisor.start('tenant')
    await again.waitFor('connected', patient)
    await contact.send(phone, 'after')
    await again.socket!.sendMessage(`${contact.number}@s.whatsapp.net`, { text: 'answer again' })
    await contact.waitForReceived(2, patient)
    await wa.waitForStats(({ pending }) => pending === 0, patient)
    expect(next.codes.asked).toBe(0)
    expect(wa.stats).toMatchObject({ pairings: 1, undecryptable: 0, lost: 0, missing: 0, reusedPreKeyIds: 0 })
  })

  it('is linked by a code to type', async () => {
    const { supervisor } = await startHost(elsewhere())
    const phone = wa.phone({ number })
    supervisor.on('pairingCode', ({ code }) => void phone.enterPairingCode(code))
    const session = await supervisor.start('tenant', { pairing: { phoneNumber: `+${number}` } })
    await session.waitFor('connected', patient)
    await session.backupNow()
    expect(session.unprotected.changes).toBe(0)
    // The registry's row is true within a second.
    const row = async () => (await supervisor.tenants())[0]
    await expect.poll(row, { timeout: 20_000 }).toMatchObject({ status: 'CONNECTED', phoneNumber: number })
  })

  it('that the phone unlinks ends, is kept aside, and pairs at its next start', async () => {
    const { supervisor, session, phone, sessionPath, codes } = await pairedHost(elsewhere())
    await session.backupNow()
    phone.unlink(phone.devices[0]!)
    await session.waitFor('closed', patient)
    expect(session.result).toMatchObject({ reason: 'loggedOut', unsaved: 0 })
    expect(existsSync(`${sessionPath}/tenant`)).toBe(false)
    expect(readdirSync(`${sessionPath}/.supervisor/quarantine/tenant`)).toHaveLength(1)
    expect((await supervisor.tenants())[0]).toMatchObject({ status: 'LOGGED_OUT', desiredState: 'stopped' })

    const again = await supervisor.start('tenant')
    await again.waitFor('connected', patient)
    expect(codes.asked).toBe(2)
    expect(phone.devices).toHaveLength(1)
  })

  it('that is logged out is unlinked and gone: store, registry, disk', async () => {
    const { store, registry } = elsewhere()
    const { supervisor, session, phone, sessionPath } = await pairedHost({ store, registry })
    await session.backupNow()
    expect(await supervisor.logout('tenant')).toMatchObject({ reason: 'deleted', lastError: null })
    expect(phone.devices).toEqual([])
    expect(await store.listTenants()).toEqual([])
    expect(await registry.read('tenant')).toMatchObject({
      head: null,
      status: 'LOGGED_OUT',
      desiredState: 'stopped',
    })
    expect(existsSync(`${sessionPath}/tenant`)).toBe(false)
  })

  it('waits on a second host until the first gives it up, then connects there with no code and no fight', async () => {
    const { store, registry } = elsewhere()
    const first = await pairedHost({ store, registry })
    const second = await startHost({ store, registry })
    const waiting = await second.supervisor.start('tenant')
    await expect.poll(() => waiting.lastError, { timeout: 20_000 }).toBe('leased')
    await first.supervisor.shutdown()
    expect(first.session.result).toMatchObject({ reason: 'stopped', unsaved: 0 })
    await waiting.waitFor('connected', patient)
    expect(second.codes.asked).toBe(0)
    expect(wa.stats).toMatchObject({ logins: 2, pairings: 1 })
  })
})
