import { describe, expect, it } from 'vitest'
import { Bot, linkByQr, MemoryAuth, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('pairing by QR code', () => {
  const world = eachWithLoopback()

  it('closes with 515 after the scan, then logs in to open', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const auth = new MemoryAuth()
    const first = new Bot(wa, auth)
    const device = await phone.scan(await first.qr())
    expect(await first.closed()).toBe(515)
    expect(auth.creds.me?.id).toBe(device.jid)
    expect(auth.creds.account).toBeDefined()

    const bot = await reconnect(wa, auth, device)
    expect(device.logins).toBe(1)
    expect(device.preKeysOnServer).toBeGreaterThan(800)
    expect(wa.stats).toMatchObject({ qrCodesServed: 1, pairings: 1, logins: 1, reusedPreKeyIds: 0 })
    await bot.end()
  })

  it('exchanges messages both ways with a contact', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const { bot, device } = await linkByQr(wa, phone)
    await contact.send(phone, 'one')
    await bot.received('one')
    await bot.socket.sendMessage(contact.jid, { text: 'two' })
    await contact.waitForReceived(1)
    await contact.send(phone, 'three')
    await bot.received('three')
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(contact.received).toMatchObject([{ text: 'two', from: phone.jid }])
    expect(contact.stats).toMatchObject({ sent: 2, acknowledged: 2, pending: 0, undecryptable: 0, lost: 0 })
    expect(phone.copies).toMatchObject([{ text: 'two', to: contact.jid }])
    expect(device.pending).toBe(0)
    await bot.end()
  })
})
