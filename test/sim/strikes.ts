import type { Host } from './host.js'
import type { Fault } from './plan.js'
import { damageAnObject, makeOlder } from './store-faults.js'
import type { World } from './world.js'

/** Lets the faults of a plan happen, until the world is to come to rest. */
export class Strikes {
  readonly #world: World
  readonly #hosts: readonly Host[]
  readonly #tenants: readonly string[]

  constructor(world: World, hosts: readonly Host[], tenants: readonly string[]) {
    this.#world = world
    this.#hosts = hosts
    this.#tenants = tenants
  }

  strike(fault: Fault): void {
    if (!this.#world.disturbed) return
    this.#world.trace(`fault ${JSON.stringify(fault)}`)
    if ('host' in fault) this.#strikeHost(this.#hosts[fault.host]!, fault)
    else if ('tenant' in fault) this.#strikeTenant(this.#tenants[fault.tenant]!, fault)
    else this.#strikeServices(fault)
  }

  #strikeHost(host: Host, fault: Extract<Fault, { host: number }>): void {
    const { life } = host
    if (fault.kind === 'skew') {
      host.skewMs += fault.byMs
      this.#world.strike('skew')
      return
    }
    if (!host.isUp || life === null) return
    switch (fault.kind) {
      case 'kill':
        host.crash(fault.damage, fault.downMs)
        return
      case 'killAtDisk':
        life.diesAtDisk = {
          left: fault.nth,
          torn: fault.torn,
          die: () => host.crash(fault.damage, fault.downMs),
        }
        return
      case 'killAtRequest':
        life.diesAtRequest = {
          left: fault.nth,
          when: fault.when,
          die: () => host.crash(fault.damage, fault.downMs),
        }
        return
      case 'deploy':
        this.#deploy(host, fault)
        return
      case 'pause':
        life.pause()
        this.#world.strike('pause')
        this.#world.clock.setTimeout(() => life.resume(), fault.forMs)
        return
      case 'diskCopied':
        host.copyDisk()
        return
      case 'diskFull':
        life.diskFull = true
        this.#world.strike('diskFull')
        this.#world.clock.setTimeout(() => {
          life.diskFull = false
        }, fault.forMs)
    }
  }

  #deploy(host: Host, { wiped, downMs }: Extract<Fault, { kind: 'deploy' }>): void {
    this.#world.strike('deploy')
    host.life?.enter(() => {
      void host.shutDown().then((result) => {
        if (result === null) return
        if (wiped) host.wipe()
        this.#world.clock.setTimeout(() => void host.start(), downMs)
      })
    })
  }

  #strikeTenant(tenantId: string, fault: Extract<Fault, { tenant: number }>): void {
    const { whatsApp } = this.#world
    const account = whatsApp.account(tenantId)
    this.#world.strike(fault.kind)
    switch (fault.kind) {
      case 'closed':
        account.current?.closedByServer(fault.code)
        return
      case 'preKeysLow':
        account.preKeysLow = true
        return
      case 'burst':
        account.current?.burst(fault.writes)
        return
      case 'phoneUnlinks':
        whatsApp.unlink(tenantId)
        return
      case 'userLogsOut':
        this.#logOut(tenantId)
        return
    }
  }

  #logOut(tenantId: string): void {
    const host = this.#hosts.find(
      ({ supervisor, isUp }) => isUp && supervisor?.get(tenantId)?.link === 'open',
    )
    if (!host) return
    this.#world.history(tenantId).leaving = true
    host.life?.enter(() => void host.supervisor!.logout(tenantId).catch(() => {}))
  }

  #strikeServices(fault: Exclude<Fault, { host: number } | { tenant: number }>): void {
    const world = this.#world
    switch (fault.kind) {
      case 'request':
      case 'outage':
        world.network.plan(fault)
        return
      case 'staleLists':
        world.strike('staleLists')
        world.lists.goStale(fault.byMs, fault.forMs)
        return
      case 'rot':
        damageAnObject(world, fault)
        return
      case 'aged':
        makeOlder(world, fault.byMs)
        return
      case 'registryLost': {
        world.strike('registryLost')
        for (const host of this.#hosts) host.crash(fault.wiped ? 'wiped' : 'none', fault.downMs)
        world.loseRegistry()
      }
    }
  }
}
