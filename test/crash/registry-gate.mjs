import { setTimeout as delay } from 'node:timers/promises'

/**
 * A registry in the harness's process whose swaps can be held and whose service can be stopped. Workers reach it as
 * they would a database server: what a worker had sent before it was killed may still be carried out.
 */
export class RegistryGate {
  /** `{ tenantId, owner, epoch, seq, outcome }` of every swap that was answered. */
  swaps = []
  onAcquired = () => {}
  /** Names of hosts whose connections are refused. */
  cutOff = new Set()
  #registry
  #SessionError
  #held = null
  #fault = null

  constructor(registry, SessionError) {
    this.#registry = registry
    this.#SessionError = SessionError
  }

  /** Past every fault, as an operator with a connection of his own. */
  get direct() {
    return this.#registry
  }

  /** As a registry, over a connection of its own that bears the host's name. */
  connection(host = '') {
    return new Proxy(this.#registry, {
      get: (_, name) => {
        if (typeof this.#registry[name] !== 'function') return this.#registry[name]
        return (...args) => this.#call(name, args, host)
      },
    })
  }

  /**
   * The first swap that is asked for while `when` holds gets no answer: it is carried out before (`carryOut`) or never
   * arrives. The object is in the store by then. Resolves with true when that swap has come.
   */
  holdSwap({ carryOut, when = () => true }) {
    return new Promise((resolve) => {
      this.#held = { carryOut, when, asked: () => resolve(true) }
    })
  }

  /** Swaps are answered again. */
  letGo() {
    this.#held = null
  }

  /**
   * From here every request fails, until {@link start}: `refuse` at once, `hang` after a second and never carried out,
   * `lostAnswers` carried out, which nobody hears.
   */
  stop(fault) {
    this.#fault = fault
  }

  start() {
    this.#fault = null
  }

  async #call(name, args, host) {
    const fault = this.#fault ?? (this.cutOff.has(host) ? 'refuse' : null)
    if (fault !== null) return this.#fail(fault, name, args)
    if (name === 'commit') return this.#commit(args[0])
    const given = await this.#registry[name](...args)
    if (name === 'acquire') this.onAcquired()
    return given
  }

  async #fail(fault, name, args) {
    if (fault === 'hang') await delay(1_000)
    if (fault === 'lostAnswers') await this.#registry[name](...args)
    throw new this.#SessionError('unavailable', 'The registry does not answer.')
  }

  async #commit(swaps) {
    const held = this.#held?.when() ? this.#held : null
    if (held === null) return this.#swap(swaps)
    this.#held = null
    if (held.carryOut) await this.#swap(swaps)
    held.asked()
    return new Promise(() => {})
  }

  async #swap(swaps) {
    const outcomes = await this.#registry.commit(swaps)
    for (const [index, { tenantId, owner, epoch, head }] of swaps.entries()) {
      this.swaps.push({ tenantId, owner, epoch, seq: head.seq, outcome: outcomes[index] })
    }
    return outcomes
  }
}
