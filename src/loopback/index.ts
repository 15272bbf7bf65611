import type { KeyPair } from '@whiskeysockets/baileys'
import { Curve } from '@whiskeysockets/baileys'
import { SessionError } from '../errors.js'
import { makeCertificate } from './certificates.js'
import { type LoopbackClock, type LoopbackLogger, noLogger, realClock } from './clock.js'
import { Contact } from './contact.js'
import { Faults } from './faults.js'
import { Group, type GroupOptions } from './group.js'
import { Phone } from './phone.js'
import { installQuiet } from './quiet.js'
import { LoopbackServer } from './server.js'
import type { LoopbackStats } from './stats.js'
import { World } from './world.js'

export type { Account, ReceivedMessage } from './account.js'
export type { Mutation } from './app-state.js'
export { trustLoopback } from './certificates.js'
export type { LoopbackClock, LoopbackLogger } from './clock.js'
export type { Contact } from './contact.js'
export type { Device } from './device.js'
export type { Faults, Times } from './faults.js'
export type { Group, GroupOptions } from './group.js'
export type { Phone, SentCopy } from './phone.js'
export type { LoopbackStats } from './stats.js'

export interface LoopbackOptions {
  /** 0, the default, takes a free one. */
  port?: number
  logger?: LoopbackLogger
  /** The root of the server's certificate; made up when absent. */
  rootKey?: KeyPair
  clock?: LoopbackClock
}

/** A WhatsApp Web server on 127.0.0.1, with simulated phones and contacts, for unmodified Baileys. */
export interface Loopback {
  /** For Baileys' `waWebSocketUrl`. */
  readonly url: string
  /** For {@link trustLoopback}, in every process whose Baileys connects here; 64 hex digits. */
  readonly rootPublicKey: string
  readonly stats: Readonly<LoopbackStats>
  readonly faults: Faults
  /** The account with this number; made when it is new. Throws `invalid` when the number is a contact's. */
  phone(options: { number: string }): Phone
  /** The contact with this number; made when it is new. Throws `invalid` when the number is a phone's. */
  contact(options: { number: string }): Contact
  group(options: GroupOptions): Group
  /**
   * Resolves once `reached` holds for the counters, e.g. `({ pending }) => pending === 0`.
   * Throws `timeout` (default 20 s) or `closed`.
   */
  waitForStats(
    reached: (stats: Readonly<LoopbackStats>) => boolean,
    options?: { timeoutMs?: number },
  ): Promise<void>
  /** Closes every connection; nothing that was opened is left. Whoever waits gets `closed`. */
  close(): Promise<void>
}

/** Starts a {@link Loopback}. Throws `unavailable` when the port is taken. */
export async function startLoopback(options: LoopbackOptions = {}): Promise<Loopback> {
  const { port = 0, logger = noLogger, rootKey = Curve.generateKeyPair(), clock = realClock } = options
  const world = new World(clock, logger, new Faults())
  const server = await LoopbackServer.listen(world, makeCertificate(rootKey), port)
  const restoreConsole = installQuiet()
  return {
    url: `ws://127.0.0.1:${server.port}/`,
    rootPublicKey: Buffer.from(rootKey.public).toString('hex'),
    stats: world.stats,
    faults: world.faults,
    phone: ({ number }) => accountOf(world, number, Phone),
    contact: ({ number }) => accountOf(world, number, Contact),
    group: (groupOptions) => {
      const group = new Group(groupOptions, world.nowSeconds())
      world.groups.set(group.jid, group)
      return group
    },
    waitForStats: async (reached, { timeoutMs = 20_000 } = {}) => {
      await world.waiting.until('the counters', timeoutMs, () => reached(world.stats) || undefined)
    },
    close: async () => {
      world.waiting.close()
      await server.close()
      world.timers.clear()
      for (const account of world.accounts.values()) account.peer.close()
      restoreConsole()
    },
  }
}

type Kind<T> = new (world: World, number: string) => T

function accountOf<T extends Phone | Contact>(world: World, number: string, kind: Kind<T>): T {
  const existing = world.accounts.get(number)
  if (existing instanceof kind) return existing
  if (existing) throw new SessionError('invalid', 'A number is either a phone or a contact, not both.')
  const account = new kind(world, number)
  world.add(account)
  return account
}
