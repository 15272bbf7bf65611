import type { WASocket } from '@whiskeysockets/baileys'
import { placeOf } from '../errors.js'
import type { Logger } from '../ports/index.js'

type Listener = (...args: unknown[]) => unknown

/** The part of Baileys' own socket that is used here. */
interface Emitter {
  readonly isOpen: boolean
  emit(event: string, ...args: unknown[]): boolean
  rawListeners(event: string): unknown[]
}

/**
 * Keeps what Baileys does with a frame from ending the process. To be called right after `makeWASocket`.
 *
 * Baileys reads frames and handles most stanzas in async listeners that nobody awaits: one frame that does not decrypt,
 * a stanza without a child that it takes for granted, or a connection that ends while an answer is sent are unhandled
 * rejections, which end the process with every tenant in it.
 *
 * A stanza that Baileys fails on is passed over; WhatsApp would only send it again. So is a frame that cannot be read,
 * but when the next one cannot be read either, the two sides are out of step and the socket is ended: it reconnects.
 */
export function containErrors(
  socket: Pick<WASocket, 'ws' | 'end'>,
  { tenantId, logger }: { tenantId: string; logger: Logger },
): void {
  const emitter = socket.ws as unknown as Emitter
  const told = new Set<string>()
  // Once for each kind of stanza: whoever sends a bad one sends many.
  const tell = (error: unknown, stanza: string, message: string) => {
    if (told.has(stanza) || !emitter.isOpen) return
    told.add(stanza)
    const err = placeOf(error, 'Baileys could not handle what WhatsApp sent.')
    logger.warn({ tenantId, stanza, err }, message)
  }
  redirect(emitter, {
    failed: (error, stanza) =>
      tell(error, stanza, 'Baileys failed on something that WhatsApp sent; the session goes on without it'),
    unreadable: (error, again) => {
      tell(error, 'unreadable', 'WhatsApp sent something unreadable; if it happens again, it reconnects')
      if (again) void socket.end(new Error('The connection to WhatsApp became unreadable.'))
    },
  })
}

interface Failures {
  failed(error: unknown, stanza: string): void
  /** @param again the frame before it could not be read either */
  unreadable(error: unknown, again: boolean): void
}

/** Calls the listeners of frames and stanzas itself, as `emit` would, and waits for them. */
function redirect(emitter: Emitter, on: Failures): void {
  const emit = emitter.emit.bind(emitter)
  let unreadable = 0
  const read = async (listener: Listener, data: unknown): Promise<void> => {
    try {
      await listener.call(emitter, data)
    } catch (error) {
      unreadable++
      on.unreadable(error, unreadable > 1)
      // What came with it has not been looked at.
      if (unreadable === 1) await read(listener, Buffer.alloc(0))
    }
  }
  const handle = async (listener: Listener, args: unknown[], event: string): Promise<void> => {
    try {
      await listener.apply(emitter, args)
    } catch (error) {
      on.failed(error, tagOf(event))
    }
  }
  emitter.emit = (event, ...args) => {
    if (event === 'frame') unreadable = 0
    const isFrames = event === 'message'
    if (!isFrames && !event.startsWith('CB:')) return emit(event, ...args)
    const listeners = emitter.rawListeners(event) as Listener[]
    for (const listener of listeners) {
      void (isFrames ? read(listener, args[0]) : handle(listener, args, event))
    }
    return listeners.length > 0
  }
}

/** Of the stanza alone: `CB:message,from:…` names a chat. */
function tagOf(event: string): string {
  return event.slice('CB:'.length).split(',', 1)[0]!.slice(0, 40)
}
