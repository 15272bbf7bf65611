import { SessionError } from '../errors.js'

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
   * Keeps every frame that is sent from now on back until `until` settles, either way. Frames that were sent before
   * do not wait for it: under steady traffic there is always a hold, and each must cost its own wait only.
   */
  hold(until: Promise<unknown>): void
  /**
   * Resolves when every frame sent up to now is on the wire.
   * @throws SessionError `unavailable` the connection ended first
   */
  passed(): Promise<void>
  /** Resolves when nothing is held back and nothing holds. */
  idle(): Promise<void>
}

interface HeldFrame {
  readonly frame: readonly unknown[]
  /** Number of the last hold that began before it. */
  readonly after: number
}

interface Passage {
  readonly place: number
  resolve(): void
  reject(error: SessionError): void
}

/**
 * Puts a gate before everything that a Baileys socket sends. To be called right after `makeWASocket`, before any frame.
 *
 * Baileys answers pair-success in the same turn in which it emits `creds.update`; a hold that starts in that listener
 * is in time for the answer. It sends through `ws.socket.send` (its own `ws.send` is bound before anybody can replace
 * it), after the frame was encrypted, so that order must be kept: a frame's place is part of its key.
 *
 * A held frame is accepted at once: Baileys stores what goes with a frame only when it counts as sent, and a frame may
 * wait for just that.
 */
export function gateSends(socket: GatedSocket): SendGate {
  const { socket: raw } = socket.ws as { socket: RawSocket | null }
  if (!raw) throw new TypeError('gateSends expected a socket that is connecting, got one without a WebSocket')
  const gate = new Gate(raw.send.bind(raw))
  raw.send = (...frame) => gate.send(frame)
  raw.once('close', () => gate.end())
  return gate
}

class Gate implements SendGate {
  readonly #send: (...frame: unknown[]) => void
  readonly #held: HeldFrame[] = []
  /** Numbers of the holds that last, lowest first. */
  readonly #holds = new Set<number>()
  readonly #passages: Passage[] = []
  #waiting: (() => void)[] = []
  #lastHold = 0
  #accepted = 0
  #over = false

  constructor(send: (...frame: unknown[]) => void) {
    this.#send = send
  }

  hold(until: Promise<unknown>): void {
    if (this.#over) return
    const number = ++this.#lastHold
    this.#holds.add(number)
    const release = () => {
      this.#holds.delete(number)
      this.#flush()
    }
    until.then(release, release)
  }

  passed(): Promise<void> {
    if (this.#over) return Promise.reject(neverLeft())
    if (this.#held.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) =>
      this.#passages.push({ place: this.#accepted, resolve: () => resolve(), reject }),
    )
  }

  idle(): Promise<void> {
    if (this.#over || (this.#holds.size === 0 && this.#held.length === 0)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  send(frame: unknown[]): void {
    if (this.#over || (this.#held.length === 0 && this.#holds.size === 0)) {
      this.#send(...frame)
      return
    }
    const done = frame.at(-1)
    const hasCallback = typeof done === 'function'
    this.#accepted++
    this.#held.push({ frame: hasCallback ? frame.slice(0, -1) : frame, after: this.#lastHold })
    if (hasCallback) process.nextTick(done as () => void)
  }

  end(): void {
    this.#over = true
    this.#holds.clear()
    this.#held.length = 0
    for (const { reject } of this.#passages.splice(0)) reject(neverLeft())
    this.#tellIdle()
  }

  #flush(): void {
    const [oldest = Number.POSITIVE_INFINITY] = this.#holds
    while (this.#held.length > 0 && this.#held[0]!.after < oldest) this.#deliver(this.#held.shift()!)
    const left = this.#accepted - this.#held.length
    while (this.#passages.length > 0 && this.#passages[0]!.place <= left) this.#passages.shift()!.resolve()
    if (this.#holds.size === 0) this.#tellIdle()
  }

  #deliver({ frame }: HeldFrame): void {
    try {
      // A failure ends the connection, which rejects whoever waits for what did not leave.
      this.#send(...frame, () => {})
    } catch {
      this.end()
    }
  }

  #tellIdle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function neverLeft(): SessionError {
  return new SessionError(
    'unavailable',
    'The connection ended before the message left; send it again when the session is connected.',
  )
}
