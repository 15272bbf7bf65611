import makeWASocket, {
  type AuthenticationCreds,
  type ConnectionState,
  type SignalKeyStore,
  type WASocket,
} from '@whiskeysockets/baileys'
import { isSessionError } from '../errors.js'
import type { LinkRequest, LiveLink } from '../ports/index.js'
import { type AuthState, isPaired, neverLoggedIn, openAuthState } from './auth-state.js'
import type { BaileysLinkOptions } from './baileys-link.js'
import { containErrors } from './contained-errors.js'
import { FailedTries } from './failed-tries.js'
import { NewPreKeys } from './new-pre-keys.js'
import { OutputCommit } from './output-commit.js'
import { ReceivedSteps } from './received-steps.js'
import { gateSends, type SendGate } from './send-gate.js'
import { currentSend, SendsInFlight } from './sends-in-flight.js'
import { silentBaileysLogger } from './silent-logger.js'
import { releaseUploadTimer } from './upload-timer.js'

const saveRetryMs = 1_000

/** A message comes to the application within milliseconds, unless Baileys keeps its events back while it catches up. */
const handlingLimitMs = 150

/** A hung server answers neither data nor the close handshake. */
const closeLimitMs = 1_000

/** WhatsApp did not say whether the device was unlinked. */
const unconfirmed = 408

/** One Baileys socket, from made to closed. Its late key writes belong to nobody and are dropped. */
export class BaileysConnection implements LiveLink {
  readonly #options: BaileysLinkOptions
  readonly #request: LinkRequest<WASocket>
  #auth: AuthState | null = null
  #socket: WASocket | null = null
  #sends: SendsInFlight | null = null
  #gate: SendGate | null = null
  #received: ReceivedSteps | null = null
  #newPreKeys: NewPreKeys | null = null
  #sealed = false
  #over = false
  #codeAsked = false
  #savingCreds: Promise<void> = Promise.resolve()

  constructor(options: BaileysLinkOptions, request: LinkRequest<WASocket>) {
    this.#options = options
    this.#request = request
    this.#open().catch((error: unknown) => {
      options.logger.error({ tenantId: request.tenantId, err: error }, 'socket not made; it is tried again')
      this.#report(500, false)
    })
  }

  stop(): void {
    void this.#stop()
  }

  logout(): void {
    void this.#logout()
  }

  abort(): void {
    this.#over = true
    this.#seal()
    this.#end()
  }

  async #open(): Promise<void> {
    const { hasSession, tenantId, barrier, onSocket } = this.#request
    const { logger, socketConfig } = this.#options
    const output = this.#outputCommit()
    const received = new ReceivedSteps({
      ...this.#options,
      files: output.files,
      unawaited: this.#request.files,
      limitMs: handlingLimitMs,
    })
    this.#received = received
    this.#auth = await openAuthState(received.files, { fresh: !hasSession, barrier, logger })
    if (this.#over) return
    const { creds, keys } = this.#auth.state
    const tries = new FailedTries(this.#guard(keys))
    const newPreKeys = new NewPreKeys({
      ...this.#options,
      keys: tries.keys,
      credsSaved: () => this.#savingCreds,
    })
    this.#newPreKeys = newPreKeys
    const auth = { creds, keys: newPreKeys.keys }
    const baileysLogger = releaseUploadTimer(socketConfig?.logger ?? silentBaileysLogger)
    const socket = makeWASocket({ ...socketConfig, logger: baileysLogger, auth })
    this.#socket = socket
    this.#sends = new SendsInFlight(socket)
    this.#gate = gateSends(socket)
    containErrors(socket, { tenantId, logger })
    newPreKeys.attach(socket, this.#gate, creds)
    // Innermost first: a step runs in turn, then as one of a received message, then its failed tries are taken back.
    received.attach(socket, this.#gate)
    tries.attach(socket)
    output.attach(socket, this.#gate)
    received.attachToSends(socket)
    this.#listen(socket, creds)
    logger.debug({ tenantId }, 'socket made')
    onSocket(socket)
  }

  #outputCommit(): OutputCommit {
    const { files, barrier } = this.#request
    return new OutputCommit({ files, barrier: this.#options.sendAfterBackup ? barrier : null })
  }

  #listen(socket: WASocket, creds: AuthenticationCreds): void {
    let paired = isPaired(creds)
    socket.ev.on('creds.update', () => {
      // An unfinished pairing leaves creds that WhatsApp answers with 401 at the next start: they are never stored.
      if (!isPaired(creds)) return
      const saved = this.#saveCreds()
      // WhatsApp counts the device as linked from our next frame on; by then the session must outlive this host.
      if (!paired) this.#gate?.hold(saved)
      paired = true
    })
    socket.ev.on('connection.update', (update) => void this.#follow(update))
  }

  async #follow(update: Partial<ConnectionState>): Promise<void> {
    if (update.qr) await this.#showCode(update.qr)
    if (update.connection === 'open') this.#reportOpen()
    if (update.connection === 'close') {
      this.#seal()
      if (this.#socket) rejectQueries(this.#socket)
      const error = update.lastDisconnect?.error
      this.#report(closeCodeOf(error), error?.message.includes('QR refs attempts ended') === true)
    }
  }

  async #showCode(qr: string): Promise<void> {
    const { events, pairing } = this.#request
    if (!pairing.phoneNumber) return this.#over ? undefined : events.code('qr', qr)
    if (this.#codeAsked) return
    this.#codeAsked = true
    try {
      const code = await this.#socket!.requestPairingCode(pairing.phoneNumber.replace(/\D/g, ''))
      if (!this.#over) events.code('pairingCode', code)
    } catch (error) {
      this.#options.logger.warn(
        { tenantId: this.#request.tenantId, err: error },
        'no pairing code from WhatsApp',
      )
      this.#end()
    }
  }

  /** Keys of this socket only. A write after its end would keep a ratchet step whose receipt was never sent. */
  #guard(keys: SignalKeyStore): SignalKeyStore {
    return {
      get: (type, ids) => keys.get(type, ids),
      set: async (data) => {
        if (this.#sealed || (!this.#socket?.ws.isOpen && !currentSend())) return
        try {
          await keys.set(data)
        } catch (error) {
          // Baileys would try for half a minute to write what nobody takes any more.
          if (!isSessionError(error, 'closed')) throw error
        }
      },
    }
  }

  #saveCreds(): Promise<void> {
    this.#savingCreds = this.#savingCreds.then(() => this.#saveCredsNow())
    return this.#savingCreds
  }

  async #saveCredsNow(): Promise<void> {
    while (!this.#sealed) {
      try {
        return await this.#auth!.saveCreds()
      } catch (error) {
        if (isSessionError(error, 'closed')) return
        this.#options.logger.error(
          { tenantId: this.#request.tenantId, err: error },
          'creds not written to disk; it is tried again',
        )
        await new Promise<void>((resolve) => this.#options.clock.setTimeout(resolve, saveRetryMs))
      }
    }
  }

  async #stop(): Promise<void> {
    await this.#within(this.#sends?.idle(), this.#options.sendLimitMs)
    await this.#within(this.#gate?.idle(), this.#options.sendLimitMs)
    this.#seal()
    this.#end()
    if (!this.#socket) this.#report(428, false)
  }

  async #logout(): Promise<void> {
    const socket = this.#socket
    const own = this.#auth?.state.creds.me?.id
    if (!socket || !own) return this.#report(unconfirmed, false)
    this.#seal()
    try {
      const answer = await socket.query(unlinkRequest(own))
      this.#report(answer ? 401 : unconfirmed, false)
    } catch (error) {
      this.#report(closeCodeOf(error) === 401 ? 401 : unconfirmed, false)
    }
    this.#end()
  }

  /** From here this socket changes nothing. */
  #seal(): void {
    this.#sealed = true
    this.#received?.drop()
    this.#newPreKeys?.drop()
  }

  #reportOpen(): void {
    if (this.#over) return
    this.#request.events.opened(phoneNumberOf(this.#auth?.state.creds.me?.id))
  }

  #report(code: number, codesEnded: boolean): void {
    if (this.#over) return
    this.#over = true
    const neverLinked = code === 401 && this.#auth !== null && neverLoggedIn(this.#auth.state.creds)
    this.#request.events.closed(code, codesEnded, neverLinked)
  }

  #end(): void {
    const socket = this.#socket
    if (!socket) return
    const raw = rawSocketOf(socket)
    void Promise.resolve(socket.end(undefined)).catch(() => {})
    rejectQueries(socket)
    this.#options.clock.setTimeout(() => raw?.terminate(), closeLimitMs)
  }

  #within(work: Promise<void> | undefined, limitMs: number): Promise<void> {
    if (!work) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(resolve, limitMs)
      void work.then(() => {
        this.#options.clock.clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** As Baileys' own `logout()`, but as a query: WhatsApp's answer is the confirmation. */
function unlinkRequest(jid: string) {
  return {
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'md' },
    content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }],
  }
}

/** The close code, 500 (unknown) when Baileys gives none. */
function closeCodeOf(error: unknown): number {
  const code = (error as { output?: { statusCode?: unknown } } | undefined)?.output?.statusCode
  return typeof code === 'number' ? code : 500
}

function phoneNumberOf(jid: string | undefined): string | null {
  return /^\d+/.exec(jid ?? '')?.[0] ?? null
}

/**
 * Baileys ends a socket without telling the queries that wait for its answers: each would wait for a minute, and keep
 * the process alive. Without an error they reject as on a connection that was lost; Baileys itself has ended by now.
 */
function rejectQueries(socket: WASocket): void {
  if (socket.ws.listenerCount('error') > 0) socket.ws.emit('error', undefined)
}

function rawSocketOf(socket: WASocket): { terminate(): void } | null {
  return (socket.ws as unknown as { socket: { terminate(): void } | null }).socket
}
