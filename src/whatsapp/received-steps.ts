import { AsyncLocalStorage } from 'node:async_hooks'
import { type BinaryNode, getBinaryNodeChildren, type WASocket } from '@whiskeysockets/baileys'
import { forLog } from '../errors.js'
import type { Clock, KeyFileBatch, KeyFiles, Logger } from '../ports/index.js'
import type { SendGate } from './send-gate.js'

/** A message of somebody else, from the socket to the application. */
interface Arrival {
  /** The application's handlers have it, and its receipt stands before the gate; or the limit is over. */
  readonly handled: Promise<void>
  handle(): void
}

interface Step {
  readonly content: string | null
  /** Rejects when the socket ends first. */
  readonly receiptOut: Promise<void>
}

export interface ReceivedStepsOptions {
  /** Takes what frames wait for. */
  readonly files: KeyFiles
  /** Takes received steps, which no frame waits for: the same files, without the wait. */
  readonly unawaited: Pick<KeyFiles, 'write'>
  readonly clock: Clock
  readonly logger: Logger
  /** Longest wait for a message that was decrypted to come to the application's handlers: Baileys may keep it back. */
  readonly limitMs: number
}

type ReceivingSocket = Pick<WASocket, 'signalRepository' | 'ev' | 'ws'>

/** A contact that never stops writing cannot keep us from answering. */
const mostWaits = 3
/** Messages that Baileys ignores never come to the application. */
const mostArrivals = 1_000

/**
 * Keeps what decrypting a message changed in memory until its receipt is out, and drops it when the socket ends first.
 *
 * Baileys stores the ratchet step, then sends the receipt. A process that is killed in between has a step for a message
 * that WhatsApp delivers again, and cannot decrypt it a second time. The other way round nothing is lost: until we have
 * sent something that builds on it, a session that lacks received steps makes them again from the next message; the
 * pre-key of a first message is still there. So an answer waits for the receipt of what it builds on.
 *
 * The receipt, in turn, waits until the application's handlers have run: what WhatsApp believes to be delivered is.
 */
export class ReceivedSteps {
  readonly files: KeyFiles
  readonly #options: ReceivedStepsOptions
  readonly #receiving = new AsyncLocalStorage<Promise<void>>()
  readonly #held = new Map<string, Step>()
  /** By message id, until it comes to the application. */
  readonly #arrivals = new Map<string, Arrival>()
  /** The node's own buffers: what is handed over to be decrypted is found again by identity. */
  readonly #arrivalOf = new WeakMap<Uint8Array, Arrival>()
  #gate: SendGate | null = null
  #dropped = false
  #hasFailed = false

  constructor(options: ReceivedStepsOptions) {
    this.#options = options
    this.files = {
      read: async (name) => {
        const held = this.#held.get(name)
        return held ? held.content : await options.files.read(name)
      },
      write: async (batch, urgency) => {
        const receiptOut = this.#receiving.getStore()
        if (receiptOut && urgency !== 'urgent') return this.#hold(batch, receiptOut)
        // What is written now was made from what is held, and supersedes it.
        for (const name of batch.keys()) this.#held.delete(name)
        return await options.files.write(batch, urgency)
      },
    }
  }

  /** To be called right after the socket was made, before others wrap its repository. */
  attach(socket: ReceivingSocket, gate: SendGate): void {
    this.#gate = gate
    const { signalRepository: repository, ev, ws } = socket
    const decryptMessage = repository.decryptMessage.bind(repository)
    const decryptGroupMessage = repository.decryptGroupMessage.bind(repository)
    repository.decryptMessage = (message) => this.#receive(message.ciphertext, () => decryptMessage(message))
    repository.decryptGroupMessage = (message) =>
      this.#receive(message.msg, () => decryptGroupMessage(message))
    ws.on('CB:message', (node: BinaryNode) => this.#arrived(node))
    ev.on('messages.upsert', ({ messages }) => {
      for (const { key } of messages) this.#arrivals.get(key.id ?? '')?.handle()
    })
  }

  /** To be called last, when others have wrapped the repository: whoever waits must not keep the steps waiting. */
  attachToSends({ signalRepository: repository }: ReceivingSocket): void {
    const encryptMessage = repository.encryptMessage.bind(repository)
    repository.encryptMessage = async (message) => {
      const lid = await repository.lidMapping.getLIDForPN(message.jid).catch(() => null)
      const names = [message.jid, ...(lid ? [lid] : [])].map(
        (jid) => `session-${repository.jidToSignalProtocolAddress(jid)}.json`,
      )
      for (let waits = 0; waits < mostWaits; waits++) {
        const held = names.flatMap((name) => this.#held.get(name) ?? [])
        if (held.length === 0) break
        await Promise.allSettled(held.map(({ receiptOut }) => receiptOut))
      }
      return await encryptMessage(message)
    }
  }

  /** The socket is over: messages whose receipts did not get out come again, and are decrypted from the step before. */
  drop(): void {
    this.#dropped = true
    this.#held.clear()
    for (const { handle } of [...this.#arrivals.values()]) handle()
  }

  #arrived(node: BinaryNode): void {
    const { id = '' } = node.attrs
    const encrypted = getBinaryNodeChildren(node, 'enc')
    if (encrypted.length === 0 || this.#dropped) return
    const arrival = this.#arrivals.get(id) ?? this.#newArrival(id)
    for (const { content } of encrypted) {
      if (content instanceof Uint8Array) this.#arrivalOf.set(content, arrival)
    }
    const [oldest] = this.#arrivals.values()
    if (this.#arrivals.size > mostArrivals) oldest?.handle()
  }

  #newArrival(id: string): Arrival {
    let handle = () => {}
    const handled = new Promise<void>((resolve) => {
      handle = () => {
        this.#arrivals.delete(id)
        resolve()
      }
    })
    const arrival = { handled, handle }
    this.#arrivals.set(id, arrival)
    return arrival
  }

  async #receive<T>(ciphertext: Uint8Array, decrypt: () => Promise<T>): Promise<T> {
    const { clock, limitMs } = this.#options
    const arrival = this.#arrivalOf.get(ciphertext)
    const limit = clock.setTimeout(() => arrival?.handle(), limitMs)
    const handled = (arrival?.handled ?? Promise.resolve()).finally(() => clock.clearTimeout(limit))
    // By then Baileys has sent the receipt, as far as the gate.
    const receiptOut = handled.then(() => this.#gate?.passed())
    receiptOut.catch(() => {})
    try {
      const message = await this.#receiving.run(receiptOut, decrypt)
      this.#gate?.hold(handled)
      return message
    } catch (error) {
      arrival?.handle()
      throw error
    }
  }

  #hold(batch: KeyFileBatch, receiptOut: Promise<void>): number {
    if (!this.#dropped) {
      const steps = [...batch].map(([name, content]) => [name, { content, receiptOut }] as const)
      for (const [name, step] of steps) this.#held.set(name, step)
      receiptOut.then(() => this.#write(steps)).catch(() => {})
    }
    // Nobody waits for the position of an ordinary write.
    return 0
  }

  /** Each stays readable here until it is on disk. */
  async #write(steps: readonly (readonly [string, Step])[]): Promise<void> {
    const { unawaited, logger } = this.#options
    const current = steps.filter(([name, step]) => this.#held.get(name) === step)
    if (current.length === 0) return
    try {
      await unawaited.write(new Map(current.map(([name, { content }]) => [name, content])))
      this.#hasFailed = false
    } catch (error) {
      // The next step of the session takes it along; a session that ends without one makes it again.
      const level = this.#hasFailed || this.#dropped ? 'debug' : 'warn'
      this.#hasFailed = true
      logger[level](
        { err: forLog(error) },
        'keys of a received message not written; they are in memory until the disk takes them',
      )
      return
    }
    for (const [name, step] of current) if (this.#held.get(name) === step) this.#held.delete(name)
  }
}
