import type { AnyActorRef, InspectionEvent } from 'xstate'
import { type Effects, pathOf } from './composed.js'
import { expectSame } from './facts.js'
import { HeldWorld, settings } from './held-world.js'
import { takenBy } from './inspection.js'
import { machineSteps } from './machine-steps.js'
import type { Beginning, World } from './port-model.js'
import { idOf } from './transitions.js'
import { checkDurable, checkEnd, worldFactsOf } from './world-facts.js'

/** The real supervisor with one tenant, and the steps of the model as things that happen at its ports. */
export class SupervisorRig {
  readonly world: HeldWorld
  readonly #actor: AnyActorRef
  #writes = 0

  private constructor(world: HeldWorld, taken: string[]) {
    this.world = world
    this.#actor = world.actor
    this.#actor.system.inspect((event: InspectionEvent) => {
      for (const transition of takenBy(event)?.transitions ?? []) taken.push(idOf(transition))
    })
  }

  static async begin(beginning: Beginning, taken: string[] = [], options: { mayPair?: boolean } = {}) {
    return new SupervisorRig(await HeldWorld.begin(beginning, options), taken)
  }

  /** Makes the step happen. @throws when it cannot */
  async take(name: string): Promise<void> {
    this.world.link.told.length = 0
    const act = this.#acts()[name]
    if (act) await act()
    else if (name.startsWith('after ') || name === 'the audit is due') this.#fire(name)
    else throw new Error(`The rig does not know the step "${name}".`)
    await this.world.rest()
  }

  /** @throws when what is there is not what the model says */
  async check(expected: World, effects: Effects): Promise<void> {
    const facts = worldFactsOf(expected, effects)
    const snapshot = this.#actor.getSnapshot()
    const link = snapshot.status === 'active' ? snapshot.children.link?.getSnapshot() : undefined
    const linkLives = link?.status === 'active'
    const { storeGate, registryGate, clock, session } = this.world
    const { epoch: _, ...context } = snapshot.context
    expectSame(
      {
        tenant: pathOf(snapshot.value),
        context,
        link: linkLives ? pathOf(link.value) : null,
        linkContext: linkLives ? link.context : null,
        machineTimers: clock.pendingEvents,
        openSockets: this.world.link.open.length,
        told: [...this.world.link.told],
        heldStoreCalls: storeGate.names.length,
        heldRegistryCalls: registryGate.names,
        unprotected: session.result === null ? session.unprotected.changes > 0 : session.result.unsaved > 0,
        result: session.result,
      },
      facts,
    )
    await checkDurable(this.world, expected)
  }

  /**
   * Lets the session come to its end, asking for it if nobody has, and looks at what it leaves behind.
   * @throws when it does not end, or leaves behind what it must not
   */
  async end(): Promise<void> {
    if (this.world.session.result === null) ignoring(this.world.session.stop())
    await this.world.rest()
    // Everybody answers; what nobody answers is ended by time.
    for (let turn = 0; turn < 100 && (await this.#goOn()); turn++);
    await checkEnd(this.world)
  }

  async #goOn(): Promise<boolean> {
    const { storeGate, registryGate, link, clock } = this.world
    const [open] = link.open
    if (storeGate.names.length > 0) await this.world.answerStore()
    else if (registryGate.names.length > 0) await this.world.answerRegistry()
    else if (open?.isStopping) open.close(428, false)
    else if (!clock.fireNext()) return false
    await this.world.rest()
    return true
  }

  #fire(name: string): void {
    const step = machineSteps.get(name)!
    const id = name === 'the audit is due' ? 'audit' : step.event(null as never).type
    if (!this.world.clock.fire(id)) throw new Error(`No timer is set for "${id}".`)
  }

  #acts(): Record<string, () => Promise<void> | void> {
    return { ...this.#registryActs(), ...this.#storeActs(), ...this.#callers(), ...this.#whatsApp() }
  }

  #registryActs(): Record<string, () => Promise<void> | void> {
    const { world } = this
    return {
      'the registry gives the lease': async () => {
        await world.giveBack()
        await world.answerRegistry()
      },
      'another owner has the lease': async () => {
        await world.steal()
        await world.answerRegistry()
      },
      'the registry gives the lease too late': () => world.answerRegistry(),
      'the registry does not answer': async () => {
        await world.answerRegistry('fails')
        // For as long as a waiting host gives way to an owner that could not renew meanwhile.
        world.clock.skip(2 * settings.leaseRenewMs)
      },
      'the registry takes the lease back': () => world.answerRegistry(),
      'the registry does not take the lease back': () => world.answerRegistry('fails'),
      'another owner takes over': async () => {
        await world.steal()
        if (!world.clock.fireOther(settings.leaseRenewMs)) throw new Error('No lease is renewed.')
      },
    }
  }

  #storeActs(): Record<string, () => Promise<void> | void> {
    const { world } = this
    const stolen = async () => {
      await world.steal()
      await world.answerStore()
    }
    return {
      'the store answers': () => world.answerStore(),
      'the store answers too late': () => world.answerStore(),
      'the store does not answer': () => world.answerStore('fails'),
      'the store answers when another owner has taken over': stolen,
      'the upload is answered': () => world.answerStore(),
      'the upload fails': () => world.answerStore('fails'),
      'the upload is answered when another owner has taken over': stolen,
    }
  }

  #callers(): Record<string, () => Promise<void> | void> {
    const { session } = this.world
    return {
      'a file is written': () => this.#write('ordinary'),
      'a file is written, urgently': () => this.#write('urgent'),
      'a backup is asked for': () => ignoring(session.backupNow()),
      'an audit is asked for': () => ignoring(session.auditNow()),
      stop: () => ignoring(session.stop()),
      logout: () => ignoring(session.logout()),
    }
  }

  #whatsApp(): Record<string, () => Promise<void> | void> {
    const acts: Record<string, () => Promise<void> | void> = {
      'nobody used a code': () => this.#live().close(408, true),
      'the link breaks': () => this.world.withoutRandom(() => this.#live().close(428, false)),
      'the barrier is waited for no longer': () => {
        if (!this.world.clock.fireOther(settings.barrierLimitMs)) throw new Error('Nothing is waited for.')
      },
    }
    for (const code of [401, 428, 440, 515]) {
      acts[`the socket closes with ${code}`] = () => this.#live().close(code, false)
    }
    for (const state of ['connecting', 'pairing']) {
      acts[`${state}: WhatsApp opens`] = () => this.#live().request.events.opened('628120000001')
      acts[`${state}: WhatsApp offers a QR`] = () => this.#live().request.events.code('qr', 'secret')
    }
    acts['connecting: WhatsApp offers a code to type'] = () =>
      this.#live().request.events.code('pairingCode', 'secret')
    return acts
  }

  #live() {
    const [live] = this.world.link.open
    if (live === undefined) throw new Error('There is no open connection.')
    return live
  }

  async #write(urgency: 'ordinary' | 'urgent'): Promise<void> {
    const { files } = this.world.link.newest.request
    await files.write(new Map([[`session-${++this.#writes}.json`, `{"step":${this.#writes}}`]]), urgency)
  }
}

/** The caller's promise is looked at through the session. */
function ignoring(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
