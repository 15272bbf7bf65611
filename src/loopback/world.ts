import { randomBytes } from 'node:crypto'
import type { Account } from './account.js'
import { type LoopbackClock, type LoopbackLogger, Timers } from './clock.js'
import type { Faults } from './faults.js'
import type { Group } from './group.js'
import { parseJid } from './jids.js'
import { Offers } from './offers.js'
import { type LoopbackStats, newStats } from './stats.js'
import { Waiting } from './waiting.js'

export interface Target {
  account: Account
  device: number
}

/** Everything the simulated WhatsApp knows. */
export class World {
  readonly clock: LoopbackClock
  readonly logger: LoopbackLogger
  readonly timers: Timers
  readonly waiting: Waiting
  readonly faults: Faults
  readonly stats: LoopbackStats = newStats()
  readonly offers = new Offers()
  readonly accounts = new Map<string, Account>()
  readonly groups = new Map<string, Group>()
  private readonly byLid = new Map<string, Account>()

  constructor(clock: LoopbackClock, logger: LoopbackLogger, faults: Faults) {
    this.clock = clock
    this.logger = logger
    this.faults = faults
    this.timers = new Timers(clock)
    this.waiting = new Waiting(this.timers)
  }

  add(account: Account): void {
    this.accounts.set(account.number, account)
    this.byLid.set(account.lidUser, account)
  }

  /** The account and device a phone-number or LID jid names. */
  find(jid: string | undefined): Target | undefined {
    const parts = parseJid(jid)
    const account = parts && (parts.server === 'lid' ? this.byLid : this.accounts).get(parts.user)
    return account && { account, device: parts.device }
  }

  nowSeconds(): string {
    return String(Math.floor(this.clock.now() / 1000))
  }

  newId(): string {
    return `3EB0${randomBytes(9).toString('hex').toUpperCase()}`
  }
}
