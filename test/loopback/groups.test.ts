import { describe, expect, it } from 'vitest'
import { linkByQr, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('a group', () => {
  const world = eachWithLoopback()

  async function setUp() {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const ann = wa.contact({ number: '628120000002' })
    const ben = wa.contact({ number: '628120000003' })
    const group = wa.group({ subject: 'Team', members: [phone, ann, ben] })
    return { wa, phone, ann, ben, group, ...(await linkByQr(wa, phone)) }
  }

  it('carries messages both ways under sender keys', async () => {
    const { wa, phone, ann, ben, group, bot } = await setUp()
    for (const text of ['a1', 'a2']) await ann.sendToGroup(group, text)
    await ben.sendToGroup(group, 'b1')
    await bot.received('a1', 'a2', 'b1')
    for (const text of ['c1', 'c2']) await bot.socket.sendMessage(group.jid, { text })
    await ann.waitForReceived(2)
    await ben.waitForReceived(2)
    const expected = ['c1', 'c2'].map((text) => ({ text, from: phone.jid, group: group.jid }))
    expect(ann.received).toMatchObject(expected)
    expect(ben.received).toMatchObject(expected)
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats).toMatchObject({ sent: 3, acknowledged: 3, received: 4, undecryptable: 0, lost: 0 })
    await bot.end()
  })

  it('heals by retries after the bot lost its sender keys', async () => {
    const { wa, ann, group, bot, auth, device } = await setUp()
    await ann.sendToGroup(group, 'a1')
    await bot.received('a1')
    await bot.end()
    await device.waitForOffline()
    auth.forget('sender-key')
    const back = await reconnect(wa, auth, device)
    await ann.sendToGroup(group, 'a2')
    await back.received('a2')
    await ann.sendToGroup(group, 'a3')
    await back.received('a3')
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats).toMatchObject({ sent: 3, acknowledged: 3, undecryptable: 1, retried: 1, lost: 0 })
    await back.end()
  })

  it('shows its members to members, and takes messages of members only', async () => {
    const { wa, phone, ann, group, bot } = await setUp()
    const metadata = await bot.socket.groupMetadata(group.jid)
    expect(metadata).toMatchObject({ subject: 'Team', owner: phone.lid })
    expect(metadata.participants).toHaveLength(3)
    expect(Object.keys(await bot.socket.groupFetchAllParticipating())).toEqual([group.jid])
    const other = wa.group({ subject: 'Others', members: [ann] })
    await expect(bot.socket.groupMetadata(other.jid)).rejects.toThrow('forbidden')
    const stranger = wa.contact({ number: '628120000009' })
    await expect(stranger.sendToGroup(group, 'hi')).rejects.toMatchObject({ code: 'invalid' })
    await bot.end()
  })
})

describe('several bots', () => {
  const world = eachWithLoopback()

  it('of one account see what the others send', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const one = await linkByQr(wa, phone)
    const two = await linkByQr(wa, phone)
    expect(phone.devices.map(({ id }) => id)).toEqual([1, 2])
    await one.bot.socket.sendMessage(contact.jid, { text: 'to the contact' })
    await two.bot.received('to the contact')
    await contact.waitForReceived(1)
    await contact.send(phone, 'to both')
    await one.bot.received('to both')
    await two.bot.received('to both')
    expect(wa.stats).toMatchObject({ sent: 2, received: 1, undecryptable: 0 })
    await one.bot.end()
    await two.bot.end()
  })

  it('of two accounts write to each other', async () => {
    const { wa } = world
    const phones = ['628120000001', '628120000002'].map((number) => wa.phone({ number }))
    const one = await linkByQr(wa, phones[0]!)
    const two = await linkByQr(wa, phones[1]!)
    await one.bot.socket.sendMessage(phones[1]!.jid, { text: 'ping' })
    await two.bot.received('ping')
    await two.bot.socket.sendMessage(phones[0]!.jid, { text: 'pong' })
    await one.bot.received('pong')
    expect(phones[1]!.received).toMatchObject([{ text: 'ping', from: phones[0]!.jid }])
    await one.bot.end()
    await two.bot.end()
  })
})
