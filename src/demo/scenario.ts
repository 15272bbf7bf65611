import { setTimeout as delay } from 'node:timers/promises'
import { type Figures, keyFailures, tenantCount } from './figures.js'
import { type FromHost, leaseSettings } from './host-messages.js'
import type { HostProcess } from './host-process.js'
import { Ledger } from './ledger.js'
import { percentile } from './percentile.js'
import type { Show } from './show.js'
import type { Stage } from './stage.js'
import { makeTenants, type Tenant, Traffic } from './traffic.js'

const contactsEach = 4
/** Answered messages of all tenants together, before the kill and after the restore. */
const answersBefore = 100
const answersAfter = 100
/** The kill comes somewhere within this time after that. */
const killSpreadMs = 600
/** Contacts go on writing to hosts that are gone. */
/** Everything that is under way arrives within this time. */
const drainMs = 15_000
const outageMs = 1_000
const tickMs = 50

export interface ScenarioOptions {
  readonly stage: Stage
  readonly show: Show
  readonly random: () => number
  /** Gives up, soon. */
  readonly aborted: AbortSignal
}

/** One host dies in the middle of traffic, another one takes over. Throws when a step cannot be done at all. */
export class Scenario {
  readonly #stage: Stage
  readonly #show: Show
  readonly #random: () => number
  readonly #aborted: AbortSignal
  readonly #ledger = new Ledger()
  readonly #tenants: readonly Tenant[]
  readonly #ages: number[] = []
  readonly #scanned = new Set<string>()
  readonly #startedAt = performance.now()
  #connected = new Set<string>()
  #qrAfterRestore = 0
  #undecrypted = 0
  #unprotected = 0
  #kills = 0
  #restored = 0
  #problem: Error | null = null

  constructor({ stage, show, random, aborted }: ScenarioOptions) {
    this.#stage = stage
    this.#show = show
    this.#random = random
    this.#aborted = aborted
    this.#tenants = makeTenants(stage.whatsapp, tenantCount, contactsEach)
  }

  async play(): Promise<Figures> {
    const first = await this.#startFirst()
    const traffic = new Traffic(this.#tenants, this.#ledger, this.#random)
    const ticker = setInterval(() => traffic.countAnswers(), tickMs)
    try {
      await this.#talk(first)
      const { before, inFlight } = await this.#kill(first, traffic)
      const { host, restoreMs, takenOver } = await this.#takeOver()
      await this.#talkAgain(host, traffic)
      const connected = this.#connected.size
      await this.#close(host)
      return this.#figures({ before, inFlight, takenOver, restoreMs, connected })
    } finally {
      clearInterval(ticker)
      await traffic.stop().catch(() => {})
    }
  }

  async #startFirst(): Promise<HostProcess> {
    this.#show.begin('Host 1 starts: an empty disk, an empty store, an empty registry')
    const host = await this.#start(1)
    this.#show.done(`Host 1 is up (process ${host.pid})`)
    this.#show.begin(`${tenantCount} tenants are paired`, () => `${this.#scanned.size} QR codes scanned`)
    host.send({ type: 'start', tenantIds: this.#tenants.map(({ tenantId }) => tenantId) })
    await this.#allConnected(host)
    this.#show.done(`${tenantCount} tenants paired and connected: ${this.#scanned.size} QR codes scanned`)
    return host
  }

  async #talk(host: HostProcess): Promise<void> {
    const contacts = tenantCount * contactsEach
    this.#show.begin(`${contacts} contacts and ${tenantCount} bots exchange encrypted messages`, () =>
      this.#counters(),
    )
    await this.#until(host, () => this.#ledger.answerCount >= answersBefore)
    await this.#unless(host, delay(this.#random() * killSpreadMs))
  }

  async #kill(host: HostProcess, traffic: Traffic) {
    // A burst has just begun: messages are under way in both directions.
    await this.#until(host, () => this.#ledger.inFlight > 0)
    const inFlight = this.#ledger.inFlight
    await host.kill()
    this.#kills++
    this.#connected = new Set()
    await this.#stage.loseDisk(1)
    traffic.countAnswers()
    const { receivedCount, answerCount } = this.#ledger
    this.#show.done(`Messages flowed both ways: ${receivedCount} in, ${answerCount} out`)
    this.#show.begin('Host 1 is lost')
    this.#show.done(`SIGKILL: host 1 is dead, with ${inFlight} messages under way; its disk is deleted`)
    return { before: receivedCount + answerCount, inFlight }
  }

  async #takeOver() {
    this.#show.begin('Nobody is there; contacts go on writing', () => this.#counters())
    const sent = this.#ledger.sentCount
    await delay(outageMs)
    this.#show.done(
      `Nobody is there; messages that contacts wrote meanwhile: ${this.#ledger.sentCount - sent}`,
    )
    this.#show.begin('Host 2 starts: an empty disk, the same store and registry', () =>
      this.#connected.size > 0 ? `${this.#connected.size} of ${tenantCount} connected` : '',
    )
    const startedAt = performance.now()
    const host = await this.#start(2)
    await this.#allConnected(host)
    const restoreMs = Math.round(performance.now() - startedAt)
    const owed = this.#ledger.owedBy(1)
    for (const each of owed) host.send({ type: 'answer', ...each })
    this.#show.done(
      `Host 2 (process ${host.pid}) restored ${this.#restored} tenants and connected them: ${this.#qrAfterRestore === 0 ? 'no QR code' : `${this.#qrAfterRestore} QR codes`}`,
      [
        `It was told nothing: it found the tenants in the registry, waited until the dead host's leases ended (${leaseSettings.leaseTtlMs / 1_000} s here, 15 s by default), and restored them.`,
      ],
    )
    return { host, restoreMs, takenOver: owed.length }
  }

  async #talkAgain(host: HostProcess, traffic: Traffic): Promise<void> {
    const before = this.#ledger.answerCount
    this.#show.begin('Messages that waited are delivered, and traffic flows again', () => this.#counters())
    await this.#until(host, () => this.#ledger.answerCount >= before + answersAfter)
    await traffic.stop()
    const deadline = performance.now() + drainMs
    const settled = () => this.#ledger.isBalanced && this.#stage.whatsapp.stats.pending === 0
    // What has not arrived by then is lost, and counted.
    await this.#until(host, () => settled() || performance.now() > deadline)
    this.#show.done(`Messages flow both ways again: ${this.#ledger.answerCount - before} answers since`)
  }

  async #close(host: HostProcess): Promise<void> {
    this.#show.begin('Host 2 shuts down in order')
    await host.stop()
    this.#show.done(
      `Host 2 shut down in order; ${this.#ledger.receivedCount} of ${this.#ledger.sentCount} messages received, ${this.#ledger.answerCount} answered`,
    )
  }

  async #start(number: number): Promise<HostProcess> {
    let ready = false
    const host = await this.#stage.startHost(number, (message) => {
      if (message.type === 'ready') ready = true
      else this.#hear(message, number)
    })
    await this.#until(host, () => ready)
    return host
  }

  #hear(message: FromHost, host: number): void {
    if (message.type === 'qr') this.#scan(message.tenantId, message.qr, host)
    if (message.type === 'connected') this.#connected.add(message.tenantId)
    if (message.type === 'restored') this.#restored++
    if (message.type === 'received') this.#ledger.received(message.id, host)
    if (message.type === 'answered') this.#ledger.confirmed(message.id)
    if (message.type === 'committed') this.#ages.push(message.ageMs)
    if (message.type === 'undecrypted') this.#undecrypted++
    if (message.type === 'unprotected') this.#unprotected++
  }

  #scan(tenantId: string, qr: string, host: number): void {
    if (host === 2) this.#qrAfterRestore++
    if (host === 2 || this.#scanned.has(tenantId)) return
    this.#scanned.add(tenantId)
    const tenant = this.#tenants.find((each) => each.tenantId === tenantId)
    tenant?.phone.scan(qr).catch((error: Error) => {
      this.#problem ??= error
    })
  }

  async #allConnected(host: HostProcess): Promise<void> {
    await this.#until(host, () => this.#connected.size === tenantCount)
    const devices = this.#tenants.flatMap(({ phone }) => phone.devices)
    await this.#unless(host, Promise.all(devices.map((device) => device.waitForOnline())))
  }

  /** Resolves when `reached` holds; rejects when the host ends or something failed meanwhile. */
  async #until(host: HostProcess, reached: () => boolean): Promise<void> {
    const looking = async () => {
      while (!reached()) {
        if (this.#problem) throw this.#problem
        this.#aborted.throwIfAborted()
        await delay(tickMs / 5)
      }
    }
    await this.#unless(host, looking())
  }

  async #unless(host: HostProcess, work: Promise<unknown>): Promise<void> {
    await Promise.race([work, host.unexpectedEnd()])
  }

  #counters(): string {
    const { receivedCount, answerCount, inFlight } = this.#ledger
    return `${receivedCount} in · ${answerCount} out · ${inFlight} under way · ${this.#ages.length} backups`
  }

  #figures(given: {
    before: number
    inFlight: number
    takenOver: number
    restoreMs: number
    connected: number
  }) {
    const { messages, answers } = this.#ledger.lost
    const { undecryptable, retried } = keyFailures(this.#stage.whatsapp.stats)
    const arrived = this.#ledger.receivedCount + this.#ledger.answerCount
    return {
      tenants: this.#tenants.length,
      qrBefore: this.#scanned.size,
      qrAfterRestore: this.#qrAfterRestore,
      messagesBefore: given.before,
      messagesAfter: arrived - given.before,
      // A bot's stub and its retry receipt are the same failure, seen from two sides.
      undecryptable: Math.max(undecryptable, this.#undecrypted),
      lost: messages + answers,
      rpoMs: { p50: percentile(this.#ages, 0.5), p99: percentile(this.#ages, 0.99) },
      restoreMs: given.restoreMs,
      connected: given.connected,
      inFlightAtKill: given.inFlight,
      answersTakenOver: given.takenOver,
      redelivered: this.#ledger.redelivered,
      retried,
      unprotected: this.#unprotected,
      kills: this.#kills,
      backups: this.#ages.length,
      durationMs: Math.round(performance.now() - this.#startedAt),
      nodeVersion: process.versions.node,
    }
  }
}
