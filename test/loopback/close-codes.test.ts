import { once } from 'node:events'
import { Curve } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { Bot, linkByQr, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('what ends a session', () => {
  const world = eachWithLoopback()
  const link = () => linkByQr(world.wa, world.wa.phone({ number: '628120000001' }))

  it('is 440 for the first of two clients with one session', async () => {
    const { bot, auth, device } = await link()
    const second = await reconnect(world.wa, auth, device)
    expect(await bot.closed()).toBe(440)
    expect(device.online).toBe(true)
    await second.end()
  })

  it('is 401 when the phone unlinks the device, online or at the next login', async () => {
    const { bot, auth, device } = await link()
    device.phone.unlink(device)
    expect(await bot.closed()).toBe(401)
    expect(await new Bot(world.wa, auth).closed()).toBe(401)
    expect(device.phone.devices).toEqual([])
  })

  it('is 401 for a session with another noise key', async () => {
    const { bot, auth } = await link()
    await bot.end()
    auth.creds = { ...auth.creds, noiseKey: Curve.generateKeyPair() }
    expect(await new Bot(world.wa, auth).closed()).toBe(401)
    expect(world.wa.stats.logins).toBe(1)
  })

  it('is 401 at the next login after the bot logged itself out', async () => {
    const { bot, auth, device } = await link()
    await bot.socket.logout()
    await world.wa.waitForStats(() => device.phone.devices.length === 0)
    expect(await new Bot(world.wa, auth).closed()).toBe(401)
  })

  it('has the code of a stream error', async () => {
    const { wa } = world
    const { bot, auth, device } = await link()
    let current = bot
    for (const code of [515, 503, 500, 428, 403]) {
      wa.faults.streamError(device, code)
      expect(await current.closed()).toBe(code)
      current = await reconnect(wa, auth, device)
    }
    wa.faults.replaced(device)
    expect(await current.closed()).toBe(440)
  })

  it('has the code of a failed login, as often as told', async () => {
    const { wa } = world
    const { bot, auth, device } = await link()
    await bot.end()
    for (const code of [401, 402, 403, 405, 503]) {
      wa.faults.failLogin(code, 1)
      expect(await new Bot(wa, auth).closed()).toBe(code)
    }
    const back = await reconnect(wa, auth, device)
    expect(device.logins).toBe(2)
    await back.end()
  })
})

describe('a bad line', () => {
  const world = eachWithLoopback()
  const link = () => linkByQr(world.wa, world.wa.phone({ number: '628120000001' }))

  it('is 428 when cut', async () => {
    const { bot, device } = await link()
    world.wa.faults.drop(device)
    expect(await bot.closed()).toBe(428)
    await device.waitForOffline()
    expect(() => world.wa.faults.drop(device)).toThrow(expect.objectContaining({ code: 'missing' }))
  })

  it('is 408 when refused, until it is allowed again', async () => {
    const { wa } = world
    const { bot, auth, device } = await link()
    await bot.end()
    wa.faults.refuse(true)
    expect(await new Bot(wa, auth).closed()).toBe(408)
    expect(await new Bot(wa, auth).closed()).toBe(408)
    wa.faults.refuse(false)
    await (await reconnect(wa, auth, device)).end()
  })

  it('is 408 when mute, and what was sent meanwhile comes later', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const { bot, auth, device } = await linkByQr(wa, phone, { keepAliveIntervalMs: 100 })
    const contact = wa.contact({ number: '628120000002' })
    wa.faults.mute(device)
    await contact.send(phone, 'into the void')
    expect(wa.stats.delivered).toBe(0)
    expect(await bot.closed()).toBe(408)
    const back = await reconnect(wa, auth, device)
    await back.received('into the void')
    expect(wa.stats).toMatchObject({ delivered: 1, undecryptable: 0 })
    await back.end()
  })

  it('is silent for HTTP 503 at the upgrade', async () => {
    const { wa } = world
    const { bot, auth, device } = await link()
    await bot.end()
    wa.faults.upgrade503(1)
    const unlucky = new Bot(wa, auth)
    const [, response] = (await once(unlucky.socket.ws, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ]
    expect(response.statusCode).toBe(503)
    const back = await reconnect(wa, auth, device)
    expect(unlucky.updates.map(({ connection }) => connection)).toEqual(['connecting'])
    await unlucky.end()
    await back.end()
  })

  it('is silent when the login gets no answer', async () => {
    const { wa } = world
    const { bot, auth, device } = await link()
    await bot.end()
    wa.faults.noSuccess(1)
    const before = wa.stats.connections
    const unlucky = new Bot(wa, auth, { keepAliveIntervalMs: 50 })
    // Pings are answered: nothing tells the client that its login was forgotten.
    for (let frames = 0; frames < 4; frames++) await once(unlucky.socket.ws, 'frame')
    expect(wa.stats.connections).toBe(before + 1)
    expect(unlucky.updates.map(({ connection }) => connection)).toEqual(['connecting'])
    const back = await reconnect(wa, auth, device)
    await back.end()
    await unlucky.end()
  })

  it('keeps the order of what it delays', async () => {
    const { wa } = world
    const phone = wa.phone({ number: '628120000001' })
    const { bot } = await linkByQr(wa, phone)
    const contact = wa.contact({ number: '628120000002' })
    wa.faults.delayMs = 20
    await contact.send(phone, '1')
    wa.faults.clear()
    for (const text of ['2', '3']) await contact.send(phone, text)
    await bot.received('1', '2', '3')
    expect(bot.texts()).toEqual(['1', '2', '3'])
    await bot.end()
  })
})
