import { describe, expect, it } from 'vitest'
import { linkByQr, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('pre-keys', () => {
  const world = eachWithLoopback()

  it('are uploaded, five more, when the server says it has few', async () => {
    const { wa } = world
    const { bot, device } = await linkByQr(wa, wa.phone({ number: '628120000001' }))
    const before = wa.stats.preKeysUploaded
    wa.faults.preKeysLow(device)
    await wa.waitForStats(({ preKeysUploaded }) => preKeysUploaded > before)
    expect(wa.stats.preKeysUploaded - before).toBe(5)
    expect(device.preKeysOnServer).toBe(before + 5 - wa.stats.preKeysConsumed)
    await bot.end()
  })

  it('are handed out once each', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const { bot, auth } = await linkByQr(wa, phone)
    const before = wa.stats.preKeysConsumed
    const [ann, ben] = ['628120000002', '628120000003'].map((number) => wa.contact({ number }))
    for (const contact of [ann!, ben!, ann!]) await contact.send(phone, `from ${contact.number}`)
    await wa.waitForStats(({ pending }) => pending === 0)
    expect(wa.stats).toMatchObject({ preKeysConsumed: before + 2, undecryptable: 0 })
    expect(auth.ids('pre-key')).toHaveLength(wa.stats.preKeysUploaded - wa.stats.preKeysConsumed)
    await bot.end()
  })

  it('are counted when a session restored from an older copy publishes their ids with other keys', async () => {
    const { wa } = world
    const { bot, auth, device } = await linkByQr(wa, wa.phone({ number: '628120000001' }))
    const { nextPreKeyId, firstUnuploadedPreKeyId } = auth.creds
    const upload = async () => {
      const before = wa.stats.preKeysUploaded
      wa.faults.preKeysLow(device)
      await wa.waitForStats(({ preKeysUploaded }) => preKeysUploaded === before + 5)
    }
    await upload()
    expect(wa.stats.reusedPreKeyIds).toBe(0)
    await bot.end()
    Object.assign(auth.creds, { nextPreKeyId, firstUnuploadedPreKeyId })
    const restored = await reconnect(wa, auth, device)
    await upload()
    expect(wa.stats.reusedPreKeyIds).toBe(5)
    await restored.end()
  })

  it('can have their signed one rotated', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const { bot } = await linkByQr(wa, phone)
    await bot.socket.rotateSignedPreKey()
    await wa.contact({ number: '628120000002' }).send(phone, 'after the rotation')
    await bot.received('after the rotation')
    expect(wa.stats.undecryptable).toBe(0)
    await bot.end()
  })
})

describe('app state', () => {
  const world = eachWithLoopback()

  it('takes changes of a companion, verified, before and after a reconnect', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const { bot, auth, device } = await linkByQr(wa, phone)
    await bot.until(() =>
      bot.messages.some(({ message }) => message?.protocolMessage?.historySyncNotification),
    )
    await bot.socket.chatModify({ mute: 3_600_000 }, contact.jid)
    await bot.end()
    const back = await reconnect(wa, auth, device)
    await back.socket.chatModify({ pin: true }, contact.jid)
    expect(phone.appState.mutations.map(({ index }) => index)).toEqual([
      ['mute', contact.jid],
      ['pin_v1', contact.jid],
    ])
    await back.end()
  })

  it('reaches a session that lost its versions again', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const contact = wa.contact({ number: '628120000002' })
    const { bot, auth, device } = await linkByQr(wa, phone)
    await bot.until(() =>
      bot.messages.some(({ message }) => message?.protocolMessage?.historySyncNotification),
    )
    await bot.socket.chatModify({ mute: 3_600_000 }, contact.jid)
    await bot.end()
    auth.forget('app-state-sync-version')
    const back = await reconnect(wa, auth, device)
    await back.socket.chatModify({ mute: null }, contact.jid)
    expect(phone.appState.mutations).toHaveLength(2)
    await back.end()
  })
})
