import { EventEmitter, once } from 'node:events'
import {
  type AuthenticationCreds,
  type ConnectionState,
  initAuthCreds,
  makeWASocket,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
} from '@whiskeysockets/baileys'
import { pino } from 'pino'
import type { Device, Loopback, Phone } from '../../src/loopback/index.js'

const logger = pino({ level: 'silent' })

/** The session of one bot, kept over its sockets as files would be. */
export class MemoryAuth {
  creds: AuthenticationCreds = initAuthCreds()
  readonly values = new Map<string, unknown>()

  readonly keys: SignalKeyStore = {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      for (const id of ids) {
        const value = this.values.get(`${type}-${id}`)
        if (value !== undefined) found[id] = structuredClone(value) as SignalDataTypeMap[T]
      }
      return found
    },
    set: (data) => {
      for (const [type, byId] of Object.entries(data)) {
        for (const [id, value] of Object.entries(byId)) {
          if (value === null || value === undefined) this.values.delete(`${type}-${id}`)
          else this.values.set(`${type}-${id}`, structuredClone(value))
        }
      }
    },
  }

  /** Ids of one type of key. */
  ids(type: string): string[] {
    return [...this.values.keys()]
      .filter((key) => key.startsWith(`${type}-`))
      .map((key) => key.slice(type.length + 1))
  }

  forget(type: string): void {
    for (const id of this.ids(type)) this.values.delete(`${type}-${id}`)
  }
}

/** One unmodified Baileys socket and what it reported. */
export class Bot {
  readonly socket: WASocket
  readonly messages: WAMessage[] = []
  readonly updates: Partial<ConnectionState>[] = []
  private readonly events = new EventEmitter()

  constructor(
    wa: Loopback,
    readonly auth: MemoryAuth,
    options: Partial<UserFacingSocketConfig> = {},
  ) {
    this.socket = makeWASocket({
      logger,
      auth: { creds: auth.creds, keys: this.gated(auth.keys) },
      waWebSocketUrl: wa.url,
      ...options,
    })
    this.socket.ev.on('creds.update', (update) => Object.assign(auth.creds, update))
    this.socket.ev.on('messages.upsert', ({ messages }) => {
      this.messages.push(...messages)
      this.events.emit('change')
    })
    this.socket.ev.on('connection.update', (update) => {
      this.updates.push(update)
      this.events.emit('change')
    })
  }

  // As in a process that died: what a closed socket still wants to write never happens.
  private gated(keys: SignalKeyStore): SignalKeyStore {
    const isClosed = () => this.updates.some(({ connection }) => connection === 'close')
    return { get: keys.get, set: (data) => (isClosed() ? new Promise<never>(() => {}) : keys.set(data)) }
  }

  /** Waits until `probe` gives something. */
  async until<T>(probe: () => T | undefined | false): Promise<T> {
    for (;;) {
      const value = probe()
      if (value !== undefined && value !== false) return value
      await once(this.events, 'change')
    }
  }

  qr(): Promise<string> {
    return this.until(() => this.updates.findLast(({ qr }) => qr)?.qr)
  }

  async opened(): Promise<void> {
    await this.until(() => this.updates.some(({ connection }) => connection === 'open'))
  }

  /** The status code the socket closed with. */
  closed(): Promise<number | undefined> {
    return this.until(() => {
      const update = this.updates.find(({ connection }) => connection === 'close')
      if (!update) return undefined
      const error = update.lastDisconnect?.error as { output?: { statusCode: number } } | undefined
      return error?.output?.statusCode ?? -1
    })
  }

  /** Texts received so far, stubs for undecryptable messages as `<stub>`. */
  texts(): string[] {
    return this.messages
      .filter(({ message, messageStubType }) => messageStubType || !message?.protocolMessage)
      .map(({ message }) => message?.conversation || message?.extendedTextMessage?.text || '<stub>')
  }

  async received(...texts: string[]): Promise<void> {
    await this.until(() => texts.every((text) => this.texts().includes(text)))
  }

  async end(): Promise<void> {
    await this.socket.end(undefined)
  }
}

export interface Linked {
  bot: Bot
  auth: MemoryAuth
  device: Device
}

/** Pairs a new bot by QR code and brings it to `open` and online. */
export async function linkByQr(
  wa: Loopback,
  phone: Phone,
  options?: Partial<UserFacingSocketConfig>,
): Promise<Linked> {
  const auth = new MemoryAuth()
  const first = new Bot(wa, auth, options)
  const device = await phone.scan(await first.qr())
  await first.closed()
  const bot = await reconnect(wa, auth, device, options)
  return { bot, auth, device }
}

/** A new socket with the session of an earlier one, open and online. */
export async function reconnect(
  wa: Loopback,
  auth: MemoryAuth,
  device: Device,
  options?: Partial<UserFacingSocketConfig>,
): Promise<Bot> {
  const bot = new Bot(wa, auth, options)
  await bot.opened()
  await device.waitForOnline()
  return bot
}
