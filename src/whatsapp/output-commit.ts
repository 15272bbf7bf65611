import { AsyncResource } from 'node:async_hooks'
import type { SignalRepositoryWithLIDStore, WASocket } from '@whiskeysockets/baileys'
import type { KeyFileBatch, KeyFiles, Urgency } from '../ports/index.js'
import type { SendGate } from './send-gate.js'

export interface OutputCommitOptions {
  readonly files: KeyFiles
  /**
   * Resolves when everything up to `position` is durable remotely, or after a bounded wait. Null: on the local disk is
   * enough, and no frame waits.
   */
  readonly barrier: ((position: number) => Promise<void>) | null
}

/** Says that a group's members have our sender key: true only when the message that brings it has left. */
const memoryPrefix = 'sender-key-memory-'

/**
 * Output commit: no frame leaves before the key changes behind it are durable (on disk always, in the store when that
 * is asked for), so that whatever WhatsApp and the peers have seen of a session survives. A receipt follows the ratchet step that it acknowledges, a message the step
 * that encrypted it.
 *
 * Two habits of Baileys 7.0.0-rc14 stand in the way. It encrypts and sends inside one transaction, which stores the
 * steps when the message is on the wire; here each step is a transaction of its own, stored before Baileys goes on. And
 * transactions are serialised by the jid they were asked for, so that encrypting for a number and decrypting from its
 * LID, which are one session, overwrite each other's step; here they run one after the other.
 */
export class OutputCommit {
  readonly files: KeyFiles
  readonly #options: OutputCommitOptions
  /** Made where no transaction runs. */
  readonly #outside = new AsyncResource('OutputCommit')
  #gate: SendGate | null = null
  #lastStep: Promise<unknown> = Promise.resolve()

  constructor(options: OutputCommitOptions) {
    this.#options = options
    this.files = {
      read: (name) => options.files.read(name),
      write: (batch, urgency) => this.#write(batch, urgency),
    }
  }

  /** To be called right after the socket was made. */
  attach(socket: WASocket, gate: SendGate): void {
    this.#gate = gate
    this.#takeSteps(socket.signalRepository)
    socket.sendMessage = untilPassed(socket.sendMessage, gate)
    socket.relayMessage = untilPassed(socket.relayMessage, gate)
  }

  async #write(batch: KeyFileBatch, urgency?: Urgency): Promise<number> {
    const [memories, others] = split(batch)
    if (memories.size > 0)
      this.#gate
        ?.passed()
        .then(() => this.#writeNow(memories, 'ordinary'), noMatter)
        .catch(noMatter)
    return await this.#writeNow(others, urgency)
  }

  async #writeNow(batch: KeyFileBatch, urgency?: Urgency): Promise<number> {
    const { files, barrier } = this.#options
    if (barrier === null) return await files.write(batch, urgency)
    // Urgent: every change keeps a frame waiting.
    const position = await files.write(batch, 'urgent')
    this.#gate?.hold(barrier(position))
    return position
  }

  #takeSteps(repository: SignalRepositoryWithLIDStore): void {
    const methods = repository as unknown as Record<string, unknown>
    for (const [name, method] of Object.entries(methods)) {
      if (typeof method !== 'function' || name === 'close' || name === 'jidToSignalProtocolAddress') continue
      methods[name] = (...args: unknown[]) => this.#step(() => method.apply(repository, args))
    }
    const { lidMapping } = repository
    const store = lidMapping.storeLIDPNMappings.bind(lidMapping)
    lidMapping.storeLIDPNMappings = (pairs) => this.#outside.runInAsyncScope(() => store(pairs))
  }

  #step<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastStep.then(() => this.#outside.runInAsyncScope(work))
    this.#lastStep = result.catch(noMatter)
    return result
  }
}

function split(batch: KeyFileBatch): [KeyFileBatch, KeyFileBatch] {
  const isMemory = ([name]: readonly [string, string | null]) => name.startsWith(memoryPrefix)
  const entries = [...batch]
  return [new Map(entries.filter(isMemory)), new Map(entries.filter((entry) => !isMemory(entry)))]
}

/** "Sent" is said when it is: a message that was only accepted dies with the process. */
function untilPassed<Args extends unknown[], Result>(
  send: (...args: Args) => Promise<Result>,
  gate: SendGate,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    const result = await send(...args)
    await gate.passed()
    return result
  }
}

function noMatter(): void {}
