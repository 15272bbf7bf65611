import { turnsWaiting } from '../../src/turns.js'
import { settled } from '../support/virtual-clock.js'
import { Host } from './host.js'
import type { Plan } from './plan.js'
import { Strikes } from './strikes.js'
import { type Violation, World } from './world.js'

export interface Outcome {
  readonly violations: readonly Violation[]
  /** How often each kind of fault has struck. */
  readonly struck: Readonly<Record<string, number>>
  readonly pairings: number
  readonly commits: number
  /** Simulated time, milliseconds. */
  readonly lastedMs: number
}

/** Longest time in which undisturbed hosts must have come to rest. */
const restLimitMs = 240_000
const operatorMs = 5_000

/** Runs one plan to its end, or to the first violation. */
export async function simulate(plan: Plan, trace: ((line: string) => void) | null = null): Promise<Outcome> {
  const world = new World(plan, trace)
  const simulation = new Simulation(world)
  await simulation.run()
  return {
    violations: world.violations,
    struck: world.struck,
    pairings: world.whatsApp.pairings,
    commits: [...world.histories.values()].reduce((sum, { commits }) => sum + commits, 0),
    lastedMs: world.nowMs,
  }
}

class Simulation {
  readonly #world: World
  readonly #hosts: Host[]
  readonly #tenants: string[]

  constructor(world: World) {
    this.#world = world
    const { hosts, tenants } = world.plan
    this.#hosts = Array.from({ length: hosts }, (_, index) => new Host(world, index))
    this.#tenants = Array.from({ length: tenants }, (_, index) => `tenant-${index}`)
  }

  async run(): Promise<void> {
    const { plan, clock } = this.#world
    const strikes = new Strikes(this.#world, this.#hosts, this.#tenants)
    for (const fault of plan.faults) clock.setTimeout(() => strikes.strike(fault), fault.atMs)
    await Promise.all(this.#hosts.map((host) => host.start()))
    for (const tenantId of this.#tenants) void this.#add(tenantId)
    this.#operate()
    await this.#until(() => this.#world.nowMs >= plan.lengthMs)
    if (this.#world.violations.length === 0) await this.#rest()
    const stuck = this.#tenants.some((tenantId) => this.#needsAPerson(tenantId))
    if (this.#world.violations.length === 0 && !stuck) await this.#end()
  }

  /** The user asks for a tenant, again and again until somebody takes the order. */
  async #add(tenantId: string): Promise<void> {
    const host = this.#hosts[this.#world.chance('users').whole(0, this.#hosts.length - 1)]!
    try {
      if (!host.isUp || host.supervisor === null) throw new Error('down')
      await host.supervisor.start(tenantId)
    } catch {
      this.#world.clock.setTimeout(() => void this.#add(tenantId), 1_000)
    }
  }

  /** Every few seconds each host looks for tenants that are to run and that it does not run. */
  #operate(): void {
    for (const { life, supervisor } of this.#hosts) {
      if (!supervisor || supervisor.isShuttingDown) continue
      life?.enter(() => void supervisor.resume().catch(() => {}))
    }
    if (!this.#world.disturbed) for (const tenantId of this.#tenants) void this.#pairAgain(tenantId)
    this.#world.clock.setTimeout(() => this.#operate(), operatorMs)
  }

  /** Undisturbed, everybody comes up, and every tenant is connected once with nothing unsaved. */
  async #rest(): Promise<void> {
    const world = this.#world
    world.trace('--- rest')
    world.disturbed = false
    world.network.mend()
    for (const host of this.#hosts) {
      host.life?.calm()
      if (!host.isUp) void host.start()
    }
    const limit = world.nowMs + restLimitMs
    const calm = () => this.#tenants.every((tenantId) => this.#isCalm(tenantId)) && this.#isBalanced()
    await this.#until(() => calm() || world.nowMs > limit)
    if (world.violations.length > 0) return
    if (!calm()) for (const tenantId of this.#tenants) this.#explain(tenantId)
    if (!this.#isBalanced()) world.violate(`never evened out: ${this.#counts().join(', ')} tenants a host`)
    for (const tenantId of this.#tenants) await world.audit.restorable(tenantId)
  }

  /** Nobody has two tenants more than another. Sessions that cannot connect stay where they are. */
  #isBalanced(): boolean {
    if (this.#tenants.some((id) => this.#needsAPerson(id) || this.#world.history(id).leaving)) return true
    const counts = this.#counts()
    return Math.max(...counts) - Math.min(...counts) <= 1
  }

  #counts(): number[] {
    const running = ({ supervisor }: Host) =>
      [...(supervisor?.sessions.values() ?? [])].filter(
        ({ result, link }) => result === null && link === 'open',
      )
    return this.#hosts.map((host) => running(host).length)
  }

  /**
   * A tenant that was logged out, that only a lost registry knew, or whose session ended in a way that hosts do not try
   * to mend, stays so until somebody asks for it.
   */
  async #pairAgain(tenantId: string): Promise<void> {
    const row = await this.#world.row(tenantId)
    const isWaitedFor = row?.desiredState === 'running' && row.endedAt === null
    if (!isWaitedFor && !this.#world.history(tenantId).leaving) void this.#add(tenantId)
  }

  #isCalm(tenantId: string): boolean {
    // A logout that a crash cut off may have happened or not.
    if (this.#world.history(tenantId).leaving) {
      if (this.#sessions(tenantId).every(({ result }) => result !== null)) return true
    }
    if (this.#needsAPerson(tenantId)) return true
    const open = this.#sessions(tenantId).filter(({ result, link }) => result === null && link === 'open')
    const current = this.#world.whatsApp.account(tenantId).current
    if (open.length !== 1 || current === null) return false
    return open[0]!.unprotected.changes === 0 && open[0]!.state.startsWith('connected')
  }

  /** What no program may decide: then it says so, and waits. */
  #needsAPerson(tenantId: string): boolean {
    const { rotten, injuries, head, leftBehind } = this.#world.history(tenantId)
    const says = (code: string) => this.#sessions(tenantId).some(({ lastError }) => lastError === code)
    // Every generation may be built on the object that was damaged.
    if (rotten && says('corrupt')) return true
    // What a deletion could not see may be a backup of which the rest is gone; whoever asked for it can ask again.
    if (leftBehind && says('corrupt')) return true
    // A key file and the journal that could heal it, both damaged, before the first backup: nobody has the content.
    if (injuries > 1 && head === null && says('corrupt')) return true
    // A damaged journal does not say what its session continues, and at its start the store could not be asked.
    return injuries > 0 && says('undecided')
  }

  #explain(tenantId: string): void {
    if (this.#isCalm(tenantId)) return
    const states = this.#hosts.map(({ supervisor }) => {
      const session = supervisor?.get(tenantId)
      return session
        ? `${session.state}/${session.link}/${session.lastError}/${session.unprotected.changes}`
        : 'none'
    })
    this.#world.violate(`never came to rest: ${states.join(', ')}`, tenantId)
  }

  #sessions(tenantId: string) {
    return this.#hosts.flatMap(({ supervisor, isUp }) => (isUp && supervisor?.get(tenantId)) || [])
  }

  /** Everybody ends in order; then a host that has nothing brings every session back without a code. */
  async #end(): Promise<void> {
    const world = this.#world
    for (const host of this.#hosts) host.retire()
    await this.#shutDownAll(this.#hosts)
    if (world.violations.length > 0) return
    const { codes } = world.whatsApp
    const fresh = new Host(world, this.#hosts.length)
    this.#hosts.splice(0, this.#hosts.length, fresh)
    await fresh.start()
    const limit = world.nowMs + restLimitMs
    const back = () => this.#tenants.every((tenantId) => this.#isCalm(tenantId))
    await this.#until(() => back() || world.nowMs > limit)
    if (!back()) for (const tenantId of this.#tenants) this.#explain(tenantId)
    if (world.whatsApp.codes > codes) world.violate('a fresh host asked for a code')
    if (world.violations.length === 0) await this.#shutDownAll([fresh])
  }

  async #shutDownAll(hosts: readonly Host[]): Promise<void> {
    let down = 0
    for (const host of hosts) {
      void host.shutDown().then((result) => {
        down++
        for (const { tenantId, unsaved } of result?.unprotected ?? []) {
          const handedOn = host.supervisor?.get(tenantId)?.result?.reason === 'leaseLost'
          if (!handedOn && !this.#world.history(tenantId).leaving)
            this.#world.violate(`${unsaved} changes left behind by an orderly end`, tenantId)
        }
      })
    }
    const limit = this.#world.nowMs + 60_000
    await this.#until(() => down === hosts.length || this.#world.nowMs > limit)
    if (down < hosts.length) this.#world.violate('a shutdown did not end')
  }

  /** Lets time pass, one step after the other, until `reached` or the first violation. */
  async #until(reached: () => boolean): Promise<void> {
    const { clock, violations } = this.#world
    for (;;) {
      await ranDry()
      if (violations.length > 0 || reached()) return
      if (!clock.step()) return
    }
  }
}

/**
 * {@link settled} without a turn of the event loop, of which a seed would take thousands: Node runs this tick when the
 * microtasks have run dry, and nothing here waits for anything else but turns that were asked for.
 */
async function ranDry(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve))
  while (turnsWaiting() > 0) await settled()
}
