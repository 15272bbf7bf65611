import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { gateSends } from '../../src/whatsapp/send-gate.js'

/** As Baileys' WebSocketClient: `send` is taken from it at once, and calls the raw socket's. */
async function connected() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const received: string[] = []
  server.on('connection', (peer) => peer.on('message', (data) => void received.push(String(data))))
  const raw = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const ws = {
    socket: raw as WebSocket | null,
    send(data: Buffer, done?: (error?: Error) => void) {
      this.socket?.send(data, done)
    },
  }
  const bound = promisify(ws.send)
  const gate = gateSends({ ws })
  await once(raw, 'open')
  onTestFinished(() => {
    raw.terminate()
    server.close()
  })
  const send = (text: string) => bound.call(ws, Buffer.from(text))
  /** A ping does not pass the gate, so its pong proves that the server has all that was really sent. */
  const whatLeftIsReceived = async () => {
    raw.ping()
    await once(raw, 'pong')
  }
  return {
    whatLeftIsReceived,
    raw,
    gate,
    send,
    received,
    allReceived: (texts: string[]) => vi.waitFor(() => expect(received).toEqual(texts)),
  }
}

function latch() {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open: () => open() }
}

describe('a gate before the sends of a socket', () => {
  it('lets frames through while nothing holds it', async () => {
    const { send, allReceived, gate } = await connected()
    await Promise.all(['a', 'b'].map(send))
    await allReceived(['a', 'b'])
    await gate.idle()
  })

  it('holds what is sent after the hold and releases it in order, before later frames', async () => {
    const { send, received, allReceived, gate, whatLeftIsReceived } = await connected()
    await send('before')
    const { promise, open } = latch()
    gate.hold(promise)
    // Accepted at once: Baileys stores what goes with a frame only when it counts as sent.
    await Promise.all(['1', '2', '3'].map(send))
    const passed = vi.fn()
    const passing = gate.passed().then(passed)
    await whatLeftIsReceived()
    expect(received).toEqual(['before'])
    expect(passed).not.toHaveBeenCalled()
    open()
    await passing
    await gate.idle()
    await send('after')
    await allReceived(['before', '1', '2', '3', 'after'])
  })

  it('opens for a frame when all holds that began before it have ended, also by failing', async () => {
    const { send, received, allReceived, gate, whatLeftIsReceived } = await connected()
    const first = latch()
    gate.hold(first.promise)
    gate.hold(Promise.reject(new Error('the backup failed')))
    await send('x')
    await whatLeftIsReceived()
    expect(received).toEqual([])
    first.open()
    await gate.passed()
    await allReceived(['x'])
  })

  it('lets a frame wait for the holds before it only, so that steady traffic flows', async () => {
    const { send, received, allReceived, gate, whatLeftIsReceived } = await connected()
    const [first, second] = [latch(), latch()]
    gate.hold(first.promise)
    await send('1')
    const passing = gate.passed()
    gate.hold(second.promise)
    await send('2')
    first.open()
    await passing
    await whatLeftIsReceived()
    expect(received).toEqual(['1'])
    second.open()
    await gate.idle()
    await allReceived(['1', '2'])
  })

  it('does not let a frame overtake a held one whose hold outlasts a later hold', async () => {
    const { send, received, allReceived, gate, whatLeftIsReceived } = await connected()
    const [first, second] = [latch(), latch()]
    gate.hold(first.promise)
    await send('1')
    gate.hold(second.promise)
    await send('2')
    second.open()
    await whatLeftIsReceived()
    expect(received).toEqual([])
    first.open()
    await gate.idle()
    await allReceived(['1', '2'])
  })

  it('tells who waits for a frame when the connection is lost while it is held, and is idle then', async () => {
    const { send, received, gate, raw } = await connected()
    gate.hold(new Promise(() => {}))
    await send('x')
    const passing = gate.passed()
    const idle = gate.idle()
    raw.terminate()
    await expect(passing).rejects.toMatchObject({ code: 'unavailable' })
    await idle
    await gate.idle()
    await expect(gate.passed()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(send('y')).rejects.toThrow(/not open/i)
    expect(received).toEqual([])
  })

  it('wants a socket that is connecting', () => {
    expect(() => gateSends({ ws: { socket: null } })).toThrow(TypeError)
  })
})
