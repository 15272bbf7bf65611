import type { UserFacingSocketConfig } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { type Linked, linkByQr, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('a message that cannot be decrypted', () => {
  const world = eachWithLoopback()

  async function inConversation(options?: Partial<UserFacingSocketConfig>) {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const linked = await linkByQr(wa, phone, options)
    await contact.send(phone, 'first')
    await linked.bot.received('first')
    await linked.bot.socket.sendMessage(contact.jid, { text: 'second' })
    await contact.waitForReceived(1)
    await contact.send(phone, 'third')
    await linked.bot.received('third')
    return { wa, phone, contact, ...linked }
  }

  async function restart({ bot, auth, device }: Linked, damage: () => void) {
    await bot.end()
    await device.waitForOffline()
    damage()
    return reconnect(world.wa, auth, device)
  }

  it('is counted, sent again by the contact and received, after the bot lost its sessions', async () => {
    const { wa, phone, contact, ...linked } = await inConversation()
    const bot = await restart(linked, () => linked.auth.forget('session'))
    await contact.send(phone, 'fourth')
    await bot.received('fourth')
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats.undecryptable).toBeGreaterThan(0)
    expect(wa.stats.retried).toBe(wa.stats.undecryptable)
    expect(contact.stats).toMatchObject({ sent: 3, acknowledged: 3, lost: 0 })
    await contact.send(phone, 'fifth')
    await bot.received('fifth')
    await bot.end()
  })

  it('is asked for again by a contact that lost its session, and received then', async () => {
    const { wa, contact, bot, device } = await inConversation()
    await contact.forgetSession(device)
    await bot.socket.sendMessage(contact.jid, { text: 'fourth' })
    await contact.waitForReceived(({ text }) => text === 'fourth')
    expect(contact.stats).toMatchObject({ undecryptable: 1, received: 2, missing: 0 })
    expect(wa.stats.lost).toBe(0)
    await bot.end()
  })

  it('is missing, and counted so, when the bot no longer knows what it sent', async () => {
    const { wa, contact, bot, device } = await inConversation({ enableRecentMessageCache: false })
    await contact.forgetSession(device)
    await bot.socket.sendMessage(contact.jid, { text: 'fourth' })
    await wa.waitForStats(({ missing }) => missing === 1)
    expect(contact.stats).toMatchObject({ received: 1, undecryptable: 1, missing: 1 })
    await bot.end()
  })

  it('is lost, and counted so, when no retry helps', async () => {
    const { wa, phone, contact, ...linked } = await inConversation()
    const { keys } = linked.auth
    const { get } = keys
    const bot = await restart(linked, () => {
      keys.get = (type, ids) => (type === 'session' || type === 'pre-key' ? {} : get(type, ids))
    })
    await contact.send(phone, 'never')
    await wa.waitForStats(({ lost }) => lost === 1)
    expect(contact.stats).toMatchObject({ sent: 3, acknowledged: 2, lost: 1, pending: 0 })
    expect(contact.stats.undecryptable).toBeGreaterThan(0)
    await bot.end()
  })

  it('is one the server delivers twice, in a running conversation: it is sent again', async () => {
    const { wa, bot, device } = await inConversation()
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.faults.redeliver(device)).toBe(true)
    await bot.until(() => bot.texts().length === 5)
    expect(bot.texts()).toEqual(['first', 'second', 'third', '<stub>', 'third'])
    expect(wa.stats).toMatchObject({ sent: 2, acknowledged: 2, pending: 0, lost: 0 })
    expect(wa.stats.undecryptable).toBeGreaterThan(0)
    await bot.end()
  })

  it('is not one the server delivers twice before the bot ever replied: it is dropped', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const { bot, device } = await linkByQr(wa, phone)
    await contact.send(phone, 'first')
    await wa.waitForStats(({ acknowledged }) => acknowledged === 1)
    wa.faults.redeliver(device)
    await contact.send(phone, 'second')
    await bot.received('second')
    expect(bot.texts()).toEqual(['first', 'second'])
    expect(wa.stats).toMatchObject({ sent: 2, undecryptable: 0, duplicates: 0, lost: 0 })
    await bot.end()
  })
})
