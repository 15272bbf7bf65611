import { setTimeout as delay } from 'node:timers/promises'

/** A host that comes up elsewhere has so long after the lease has run out. */
const takeOverMs = 5_000

/** Kill one, restart all one after the other, add one; what was promised of each, and what was measured. */
export class Scenarios {
  violations = []
  #fleet
  #settings
  #say
  #limitMs

  constructor(fleet, { settings, say, limitMs }) {
    this.#fleet = fleet
    this.#settings = settings
    this.#say = say
    this.#limitMs = limitMs
  }

  async run(tenants) {
    const started = await this.#untilEven('at the start', tenants)
    const kill = await this.#kill()
    await this.#fleet.start('host-0')
    const rejoin = await this.#untilEven('with the killed host again', tenants)
    const rolling = await this.#rollingRestart()
    const added = await this.#addHost(tenants)
    const down = await this.#shutDown()
    return { startedMs: started, kill, rejoinMs: rejoin, rolling, added, down }
  }

  #expect(holds, what) {
    if (!holds) this.violations.push(what)
    if (!holds) this.#say(`VIOLATION ${what}`)
  }

  async #untilEven(when, tenants) {
    const fleet = this.#fleet
    const ms = await fleet.until(() => fleet.isEven, this.#limitMs)
    this.#expect(ms !== null, `${when}: not ${tenants} tenants evenly connected: ${fleet.counts.join(', ')}`)
    this.#say(`${when}: ${fleet.counts.join(', ')} after ${ms} ms`)
    return ms
  }

  async #kill() {
    const fleet = this.#fleet
    const orphans = fleet.at('host-0')
    fleet.forget()
    await fleet.kill('host-0')
    const ms = await fleet.until(() => fleet.areConnected(orphans), this.#limitMs)
    const limit = this.#settings.leaseTtlMs + takeOverMs
    this.#expect(ms !== null && ms <= limit, `a killed host's tenants took ${ms} ms, longer than ${limit} ms`)
    this.#expectQuiet('after a kill', ['qr', 'replaced'])
    this.#say(`killed: ${orphans.length} tenants elsewhere after ${ms} ms`)
    return { tenants: orphans.length, limitMs: limit, ...figures(fleet.gaps), ...fleet.counted }
  }

  async #rollingRestart() {
    const fleet = this.#fleet
    await this.#settle()
    fleet.forget()
    for (const name of [...fleet.names]) {
      await fleet.stop(name)
      await fleet.start(name)
      await fleet.until(() => fleet.areAllConnected, this.#limitMs)
      this.#say(`restarted ${name}: ${fleet.counts.join(', ')}`)
    }
    const connected = await fleet.until(() => fleet.areAllConnected, this.#limitMs)
    this.#expect(connected !== null, 'after a rolling restart: not everybody is connected')
    const evenMs = await fleet.until(() => fleet.isEven, this.#limitMs)
    this.#expect(evenMs !== null, `after a rolling restart: not even: ${fleet.counts.join(', ')}`)
    this.#expectQuiet('in a rolling restart', ['qr', 'replaced', 'unprotected', 'lostWrites'])
    return { ...figures(fleet.gaps), evenMs, ...fleet.counted }
  }

  async #addHost(tenants) {
    const fleet = this.#fleet
    await this.#settle()
    fleet.forget()
    await fleet.start(`host-${fleet.names.length}`)
    const evenMs = await this.#untilEven('with another host', tenants)
    this.#expectQuiet('when a host was added', ['qr', 'replaced', 'unprotected', 'lostWrites'])
    return {
      evenMs,
      moved: fleet.gaps.length,
      ...figures(fleet.gaps),
      counts: fleet.counts,
      ...fleet.counted,
    }
  }

  async #shutDown() {
    const fleet = this.#fleet
    fleet.forget()
    await Promise.all([...fleet.names].map((name) => fleet.stop(name)))
    this.#expectQuiet('at the end', ['qr', 'replaced', 'unprotected'])
    return fleet.counted
  }

  /** Nobody is handed over any more. */
  async #settle() {
    await this.#fleet.until(() => this.#fleet.isEven, this.#limitMs)
    await delay(1_000)
  }

  #expectQuiet(when, names) {
    for (const name of names) {
      const count = this.#fleet.counted[name]
      this.#expect(count === 0, `${when}: ${name} ${count}`)
    }
  }
}

function figures(gaps) {
  const sorted = [...gaps].sort((a, b) => a - b)
  const at = (share) => Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0)
  return { gaps: gaps.length, gapP50Ms: at(0.5), gapP99Ms: at(0.99), gapMaxMs: at(1) }
}
