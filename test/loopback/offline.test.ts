import { describe, expect, it } from 'vitest'
import { linkByQr, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('messages to a device that is away', () => {
  const world = eachWithLoopback()

  it('wait and are delivered when it logs in again, known and new contacts alike', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const known = wa.contact({ number: '628120000002' })
    const stranger = wa.contact({ number: '628120000003' })
    const { bot, auth, device } = await linkByQr(wa, phone)
    await known.send(phone, 'before')
    await bot.received('before')
    await bot.end()
    await device.waitForOffline()

    await known.send(phone, 'away 1')
    await stranger.send(phone, 'away 2')
    await known.send(phone, 'away 3')
    expect(device.pending).toBe(3)
    expect(wa.stats).toMatchObject({ sent: 3 + 1, delivered: 1 })

    const back = await reconnect(wa, auth, device)
    await back.received('away 1', 'away 2', 'away 3')
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats).toMatchObject({ acknowledged: 4, undecryptable: 0, lost: 0, duplicates: 0, logins: 2 })
    await back.end()
  })

  it('survive any number of cut connections in the middle of traffic', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contacts = ['628120000002', '628120000003'].map((number) => wa.contact({ number }))
    const linked = await linkByQr(wa, phone)
    const { auth, device } = linked
    let { bot } = linked
    for (let round = 0; round < 6; round++) {
      for (let n = 0; n < 5; n++) {
        for (const contact of contacts) await contact.send(phone, `${round} ${n}`)
      }
      wa.faults.drop(device)
      expect(await bot.closed()).toBe(428)
      bot = await reconnect(wa, auth, device)
    }
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats).toMatchObject({ sent: 60, undecryptable: 0, lost: 0, logins: 7 })
    expect(wa.stats.acknowledged + wa.stats.duplicates).toBe(60)
    await bot.end()
  })

  it('are lost, and counted so, when it is unlinked', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const { bot, device } = await linkByQr(wa, phone)
    await bot.end()
    await device.waitForOffline()
    await contact.send(phone, 'too late')
    phone.unlink(device)
    expect(contact.stats).toMatchObject({ sent: 1, pending: 0, lost: 1 })
    await expect(contact.send(phone, 'nobody there')).rejects.toMatchObject({ code: 'missing' })
  })
})
