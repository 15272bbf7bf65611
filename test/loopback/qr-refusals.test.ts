import { Curve } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import { Bot, MemoryAuth } from './bot.js'
import { eachWithLoopback } from './setup.js'

describe('a QR code', () => {
  const world = eachWithLoopback()
  const phone = () => world.wa.phone({ number: '628120000001' })

  it('ends with 408 when nobody scans any of the six', async () => {
    const { wa } = world
    const bot = new Bot(wa, new MemoryAuth(), { qrTimeout: 20 })
    expect(await bot.closed()).toBe(408)
    expect(new Set(bot.updates.map(({ qr }) => qr).filter(Boolean)).size).toBe(6)
    expect(wa.stats).toMatchObject({ qrCodesServed: 1, pairings: 0 })
  })

  it('is refused when it is none, or is no longer shown', async () => {
    await expect(phone().scan('hello')).rejects.toMatchObject({ code: 'invalid' })
    const bot = new Bot(world.wa, new MemoryAuth())
    const qr = await bot.qr()
    await bot.end()
    await expect
      .poll(() =>
        phone()
          .scan(qr)
          .catch((error: { code: string }) => error.code),
      )
      .toBe('missing')
  })

  it('is refused when its keys are not those of the client that shows it', async () => {
    const bot = new Bot(world.wa, new MemoryAuth())
    const parts = (await bot.qr()).split(',')
    parts[1] = Buffer.from(Curve.generateKeyPair().public).toString('base64')
    await expect(phone().scan(parts.join(','))).rejects.toMatchObject({ code: 'invalid' })
    await bot.end()
  })

  it('with a wrong shared secret makes the client refuse the phone', async () => {
    const bot = new Bot(world.wa, new MemoryAuth())
    const parts = (await bot.qr()).split(',')
    parts[3] = Buffer.alloc(32).toString('base64')
    await expect(phone().scan(parts.join(','))).rejects.toMatchObject({ code: 'ended' })
    expect(world.wa.stats.pairings).toBe(0)
  })
})
