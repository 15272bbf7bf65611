import { randomBytes } from 'node:crypto'
import type { BinaryNode } from '@whiskeysockets/baileys'
import { decodeBinaryNode, encodeBinaryNode, NOISE_WA_HEADER } from '@whiskeysockets/baileys'
import type { WebSocket } from 'ws'
import type { ServerCertificate } from './certificates.js'
import { encodeFrame, FrameReader } from './frames.js'
import { element } from './nodes.js'
import { type ClientFinish, NoiseResponder, type NoiseTransport } from './noise.js'
import type { World } from './world.js'

/** How long a client may take to close after it was told to go, before it is cut off. */
const FAREWELL_MS = 2_000

export interface ConnectionEvents {
  /** The handshake is done. */
  onClient(connection: Connection, finish: ClientFinish): void
  /** One stanza; the next is handed over when this one's promise settled. */
  onStanza(connection: Connection, node: BinaryNode): Promise<void>
  onClosed(connection: Connection): void
}

/** One client's WebSocket: handshake first, stanzas afterwards, both directions in order. */
export class Connection {
  /** Neither hears nor speaks any more, but keeps the TCP connection. */
  muted = false
  clientKey: Buffer = Buffer.alloc(0)
  private readonly socket: WebSocket
  private readonly world: World
  private readonly events: ConnectionEvents
  private readonly frames = new FrameReader()
  private readonly handshake: NoiseResponder
  private transport: NoiseTransport | undefined
  private greeted = false
  private handling: Promise<void> = Promise.resolve()
  private delayed = 0
  private sending: Promise<void> = Promise.resolve()

  constructor(socket: WebSocket, certificate: ServerCertificate, world: World, events: ConnectionEvents) {
    this.socket = socket
    this.world = world
    this.events = events
    this.handshake = new NoiseResponder(certificate, NOISE_WA_HEADER)
    socket.on('message', (data: Buffer) => this.guard(() => this.receive(data)))
    socket.on('error', () => this.destroy())
    socket.on('close', () => events.onClosed(this))
  }

  get open(): boolean {
    return this.socket.readyState === this.socket.OPEN
  }

  send(node: BinaryNode): void {
    const { delayMs } = this.world.faults
    if (delayMs <= 0 && this.delayed === 0) {
      this.write(node)
      return
    }
    // Delayed stanzas keep their order, as on a slow line.
    this.delayed += 1
    const due = new Promise<void>((resolve) => void this.world.timers.after(delayMs, resolve))
    this.sending = this.sending.then(async () => {
      await due
      this.delayed -= 1
      this.write(node)
    })
  }

  /** Says why, then waits for the client to go: a client that reads the close first never sees the reason. */
  farewell(node: BinaryNode): void {
    this.send(node)
    this.world.timers.after(FAREWELL_MS + this.world.faults.delayMs, () => this.destroy())
  }

  streamError(code: number | undefined, reason?: BinaryNode): void {
    this.farewell(
      element('stream:error', code === undefined ? {} : { code: String(code) }, reason ? [reason] : []),
    )
  }

  failure(reason: number): void {
    this.farewell(element('failure', { reason: String(reason), location: 'loopback' }))
  }

  /** A whole frame that was encrypted with no key of this connection. */
  garble(): void {
    if (this.transport && this.open) this.socket.send(encodeFrame(randomBytes(64)))
  }

  /** Cuts the TCP connection without a word. */
  destroy(): void {
    this.socket.terminate()
  }

  // Encrypted only here: the counter of the transport must follow the order on the wire.
  private write(node: BinaryNode): void {
    if (!this.transport || this.muted || !this.open) return
    this.socket.send(encodeFrame(this.transport.encrypt(encodeBinaryNode(node))))
  }

  private receive(data: Buffer): void {
    for (const frame of this.frames.push(data)) {
      if (this.transport) this.queue(this.transport.decrypt(frame))
      else if (this.greeted) this.finishHandshake(frame)
      else {
        this.greeted = true
        this.socket.send(encodeFrame(this.handshake.answerHello(frame)))
      }
    }
  }

  private finishHandshake(frame: Buffer): void {
    const finish = this.handshake.finish(frame)
    this.transport = finish.transport
    this.clientKey = finish.staticKey
    this.events.onClient(this, finish)
  }

  private queue(plain: Buffer): void {
    if (this.muted) return
    this.handling = this.handling.then(async () => {
      try {
        const node = await decodeBinaryNode(plain)
        if (!this.muted) await this.events.onStanza(this, node)
      } catch (error) {
        this.world.logger.warn({ error }, 'loopback: a stanza could not be handled; the client is cut off')
        this.destroy()
      }
    })
  }

  private guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.world.logger.warn({ error }, 'loopback: a client sent something unreadable; it is cut off')
      this.destroy()
    }
  }
}
