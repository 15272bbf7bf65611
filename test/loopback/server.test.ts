import { once } from 'node:events'
import { connect } from 'node:net'
import { NOISE_WA_HEADER } from '@whiskeysockets/baileys'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { encodeFrame, FrameReader } from '../../src/loopback/frames.js'
import { type LoopbackClock, startLoopback, trustLoopback } from '../../src/loopback/index.js'
import { installQuiet, quietly } from '../../src/loopback/quiet.js'
import { linkByQr } from './bot.js'

function countingClock(): LoopbackClock & { pending: Set<unknown> } {
  const pending = new Set<unknown>()
  return {
    pending,
    now: () => Date.now(),
    setTimeout: (run, delayMs) => {
      const id = setTimeout(() => {
        pending.delete(id)
        run()
      }, delayMs)
      pending.add(id)
      return id
    },
    clearTimeout: (id) => {
      pending.delete(id)
      clearTimeout(id as NodeJS.Timeout)
    },
  }
}

const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length

describe('closing the server', () => {
  afterEach(() => vi.restoreAllMocks())

  it('leaves no socket, no timer and nobody waiting', async () => {
    for (const method of ['info', 'warn', 'error'] as const)
      vi.spyOn(console, method).mockImplementation(() => {})
    const { info } = console
    const before = sockets()
    const clock = countingClock()
    const wa = await startLoopback({ clock })
    const undoTrust = trustLoopback(wa.rootPublicKey)
    const phone = wa.phone({ number: '628120000001' })
    const { bot, device } = await linkByQr(wa, phone)
    wa.faults.streamError(device, 503)
    const waiting = expect(wa.contact({ number: '628120000002' }).waitForReceived(1)).rejects
    await wa.close()
    await waiting.toMatchObject({ code: 'closed' })
    await bot.closed()
    undoTrust()
    expect(clock.pending.size).toBe(0)
    expect(console.info).toBe(info)
    await expect.poll(sockets).toBe(before)
    await expect(device.waitForOnline()).rejects.toMatchObject({ code: 'closed' })
  })

  it('listens on 127.0.0.1 only, and tells when a port is taken', async () => {
    const wa = await startLoopback()
    const port = Number(new URL(wa.url).port)
    expect(new URL(wa.url).hostname).toBe('127.0.0.1')
    await expect(startLoopback({ port })).rejects.toMatchObject({ code: 'unavailable' })
    await wa.close()
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('cuts off clients that speak something else', async () => {
    const wa = await startLoopback()
    const client = new WebSocket(wa.url)
    await once(client, 'open')
    client.send('GET / HTTP/1.1')
    await once(client, 'close')
    await wa.close()
  })
})

describe('frames', () => {
  const frame = encodeFrame(Buffer.from('hello'))

  it('are cut the same however the bytes arrive', () => {
    const bytes = Buffer.concat([NOISE_WA_HEADER, frame, frame])
    const reader = new FrameReader()
    const found = [...bytes].flatMap((byte) => reader.push(Buffer.from([byte])))
    expect(found.map(String)).toEqual(['hello', 'hello'])
    expect(new FrameReader().push(bytes)).toHaveLength(2)
  })

  it('may follow routing information', () => {
    const routing = Buffer.concat([Buffer.from([0x45, 0x44, 0, 1, 0, 0, 3]), Buffer.from('abc')])
    expect(new FrameReader().push(Buffer.concat([routing, NOISE_WA_HEADER, frame])).map(String)).toEqual([
      'hello',
    ])
  })

  it('are refused without the introduction', () => {
    expect(() => new FrameReader().push(frame)).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})

describe('numbers', () => {
  it('are digits, and either a phone or a contact', async () => {
    const wa = await startLoopback()
    const invalid = expect.objectContaining({ code: 'invalid' })
    expect(() => wa.phone({ number: '+62 812' })).toThrow(invalid)
    expect(wa.phone({ number: '628120000001' })).toBe(wa.phone({ number: '628120000001' }))
    expect(() => wa.contact({ number: '628120000001' })).toThrow(invalid)
    await wa.close()
  })
})

describe('the console', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is silent for libsignal inside the server only', async () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {})
    const restore = installQuiet()
    let print = () => {}
    const inside = quietly(async () => {
      await new Promise<void>((resolve) => {
        print = resolve
      })
      console.info('a private key')
    })
    console.info('somebody else, meanwhile')
    print()
    await inside
    expect(info.mock.calls).toEqual([['somebody else, meanwhile']])
    restore()
    expect(console.info).toBe(info)
  })
})
