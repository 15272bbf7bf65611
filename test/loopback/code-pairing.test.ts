import { describe, expect, it } from 'vitest'
import { Bot, MemoryAuth, reconnect } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('pairing by code', () => {
  const world = eachWithLoopback()
  const number = '628120000001'

  it('links the companion that asked for the number, up to open and messages', async () => {
    const { wa } = world
    const phone = wa.phone({ number })
    const auth = new MemoryAuth()
    const first = new Bot(wa, auth)
    await first.qr()
    const code = await first.socket.requestPairingCode(number)
    const device = await phone.enterPairingCode(code)
    expect(await first.closed()).toBe(515)
    expect(auth.creds.registered).toBe(true)

    const bot = await reconnect(wa, auth, device)
    await wa.contact({ number: '628120000002' }).send(phone, 'hello')
    await bot.received('hello')
    expect(wa.stats).toMatchObject({ pairings: 1, undecryptable: 0 })
    await bot.end()
  })

  it('refuses a code that is not the one shown', async () => {
    const { wa } = world
    const phone = wa.phone({ number })
    const bot = new Bot(wa, new MemoryAuth())
    await bot.qr()
    await bot.socket.requestPairingCode(number, 'ABCD2345')
    await expect(phone.enterPairingCode('ABCD2346')).rejects.toMatchObject({ code: 'invalid' })
    expect(wa.stats.pairings).toBe(0)
    await bot.end()
  })

  it('answers 401 to a client whose pairing by code was interrupted', async () => {
    const { wa } = world
    const auth = new MemoryAuth()
    const first = new Bot(wa, auth)
    await first.qr()
    await first.socket.requestPairingCode(number)
    await first.end()
    wa.phone({ number })
    expect(await new Bot(wa, auth).closed()).toBe(401)
  })

  it('gives up when no companion asks for the number', async () => {
    const phone = world.wa.phone({ number })
    await expect(phone.enterPairingCode('ABCD2345', { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'timeout',
    })
  })
})
