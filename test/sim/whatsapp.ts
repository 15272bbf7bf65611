import type { Device } from './device.js'
import type { Life } from './life.js'
import type { World } from './world.js'

interface PreKey {
  readonly secret: string
  /** The commit that holds it was there before WhatsApp was told of it. */
  readonly promised: boolean
}

/** What WhatsApp knows of one account's linked device. */
class Account {
  linked: number | null = null
  /** The pairing was committed before WhatsApp counted the device as linked. */
  promised = false
  readonly preKeys = new Map<number, PreKey>()
  current: Device | null = null
  preKeysLow = true
}

/** The other side: links devices, lets them log in, hands their pre-keys out, and remembers what it was told. */
export class WhatsApp {
  readonly #world: World
  readonly #accounts = new Map<string, Account>()
  #identities = 0
  pairings = 0
  codes = 0

  constructor(world: World) {
    this.#world = world
  }

  account(tenantId: string): Account {
    const known = this.#accounts.get(tenantId)
    if (known) return known
    const made = new Account()
    this.#accounts.set(tenantId, made)
    return made
  }

  isLinked(tenantId: string, identity: number): boolean {
    return this.account(tenantId).linked === identity
  }

  newIdentity(): number {
    return ++this.#identities
  }

  /** A code is on a screen; whoever holds the phone scans it some seconds later, if the account still wants a device. */
  offer(device: Device): void {
    this.codes++
    const { tenantId } = device
    const { linked, promised } = this.account(tenantId)
    if (linked !== null && promised && device.ownsTenant) {
      this.#world.violate('a code is shown although the session was backed up and is linked', tenantId)
    }
    const afterMs = this.#world.chance('phone').whole(500, 6_000)
    this.#world.clock.setTimeout(() => {
      // A pairing that no backup had was lost with its host: its device is of no use to anybody.
      const wanted = this.account(tenantId).linked === null || !this.account(tenantId).promised
      if (wanted && !device.over) device.life.enter(() => device.scanned())
    }, afterMs)
  }

  /** The device's last word of the pairing arrived. False: another one was faster. */
  link(device: Device, identity: number, promised: boolean): boolean {
    const account = this.account(device.tenantId)
    if (account.linked !== null && account.promised) return false
    account.current?.closedByServer(401)
    this.pairings++
    this.#world.trace(`linked as ${identity}${promised ? '' : ', unprotected'}`, device.tenantId)
    Object.assign(account, { linked: identity, promised, preKeysLow: true })
    account.preKeys.clear()
    return true
  }

  /** @returns the code with which the login is refused, or null */
  login(device: Device, identity: number): number | null {
    const account = this.account(device.tenantId)
    if (account.linked !== identity) return 401
    const before = account.current
    account.current = device
    if (before !== null && before !== device) before.closedByServer(440)
    return null
  }

  /** New pre-keys from a device. */
  told(tenantId: string, keys: ReadonlyMap<number, string>, promised: boolean): void {
    const { preKeys } = this.account(tenantId)
    for (const [id, secret] of keys) {
      const before = preKeys.get(id)
      if (before?.promised && before.secret !== secret) {
        this.#world.violate(`pre-key ${id} was issued again with another key`, tenantId)
      }
      preKeys.set(id, { secret, promised })
    }
    this.account(tenantId).preKeysLow = false
  }

  /** The backup that held them is gone without a trace, by no fault of any host: nobody can keep what they were promised. */
  forgetPromises(tenantId: string): void {
    const { preKeys } = this.account(tenantId)
    for (const [id, key] of preKeys) preKeys.set(id, { ...key, promised: false })
  }

  /** A peer takes one of the account's pre-keys for a first message; null when there is none. */
  takePreKey(tenantId: string): ({ readonly id: number } & PreKey) | null {
    const { preKeys } = this.account(tenantId)
    if (preKeys.size === 0) return null
    const id = this.#world.chance('peers').pick([...preKeys.keys()])
    const key = preKeys.get(id)!
    preKeys.delete(id)
    return { id, ...key }
  }

  unlink(tenantId: string): void {
    const account = this.account(tenantId)
    Object.assign(account, { linked: null, promised: false })
    account.preKeys.clear()
    account.current?.closedByServer(401)
    account.current = null
  }

  hostDied(life: Life): void {
    for (const account of this.#accounts.values()) {
      if (account.current?.life === life) account.current = null
    }
  }
}
