/** The part of a Baileys socket that is used here. */
export interface GatedSocket {
  readonly ws: object
}

/** The part of a `ws` WebSocket that is used here. */
interface RawSocket {
  send(...args: unknown[]): void
  once(event: 'close', listener: () => void): unknown
}

export interface SendGate {
  /**
   * Keeps every outgoing frame back from now until `until` settles, either way; several holds add up. Frames then go
   * out in the order they were sent. Baileys gives a send `connectTimeoutMs` (20 s): `until` must be well below.
   */
  hold(until: Promise<unknown>): void
  /** Resolves when nothing is held back. */
  idle(): Promise<void>
}

/**
 * Puts a gate before everything that a Baileys socket sends. To be called right after `makeWASocket`, before any frame.
 *
 * Baileys answers pair-success in the same turn in which it emits `creds.update`; a hold that starts in that listener
 * is in time for the answer. It sends through `ws.socket.send` (its own `ws.send` is bound before anybody can replace
 * it), after the frame was encrypted, so that order must be kept: a frame's place is part of its key.
 */
export function gateSends(socket: GatedSocket): SendGate {
  const { socket: raw } = socket.ws as { socket: RawSocket | null }
  if (!raw) throw new TypeError('gateSends expected a socket that is connecting, got one without a WebSocket')
  const send = raw.send.bind(raw)
  const held: unknown[][] = []
  const waiting: (() => void)[] = []
  let holds = 0
  let over = false

  const flush = () => {
    // A frame that cannot be sent any more tells its sender through its callback, as without the gate.
    for (const frame of held.splice(0)) deliver(send, frame)
    for (const resolve of waiting.splice(0)) resolve()
  }
  raw.send = (...frame) => {
    if (holds > 0 && !over) held.push(frame)
    else send(...frame)
  }
  raw.once('close', () => {
    over = true
    flush()
  })
  return {
    hold(until) {
      holds++
      const release = () => {
        if (--holds === 0) flush()
      }
      until.then(release, release)
    },
    idle: () => (holds === 0 || over ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}

function deliver(send: (...frame: unknown[]) => void, frame: unknown[]): void {
  try {
    send(...frame)
  } catch (error) {
    const done = frame.at(-1)
    if (typeof done === 'function') done(error)
  }
}
