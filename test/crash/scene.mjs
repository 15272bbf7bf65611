import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Acknowledged, inspectFolder } from './inspect.mjs'
import { WorkerProcess } from './process.mjs'
import { RegistryGate } from './registry-gate.mjs'
import { countInto, messagesFlow, upLimitMs } from './restart.mjs'
import { hurried, people } from './session.mjs'
import { StoreProxy } from './store-proxy.mjs'
import { Traffic } from './traffic.mjs'

/** Longest that a scenario's store keeps a request waiting: as a client's own limit, but shorter. */
const storeTimeoutMs = 1_500

/** One tenant, the hosts that it runs on, and what these share: a store's server and a registry. */
export class Scene {
  tenantId
  base
  gate
  proxy
  phone
  contacts
  traffic
  sendAfterBackup
  counted = { messages: 0, undecryptable: 0, resentToBot: 0 }
  /** A code may be shown: the tenant is being paired. */
  mayPair = true
  shared
  /** Every round takes another variant of its kind. */
  round
  random
  #stage
  #hosts = []

  /** @param options `{ number, round, kind, random, sendAfterBackup }` */
  static async open(shared, stage, { number, round, kind, random, sendAfterBackup }) {
    const scene = new Scene()
    const digits = `9${String(number).padStart(4, '0')}000`
    const { phone, contacts, group } = people(shared.wa, digits)
    const gate = new RegistryGate(stage.registry, shared.project.SessionError)
    Object.assign(scene, { shared, round, random, phone, contacts, gate, sendAfterBackup })
    scene.#stage = stage
    scene.tenantId = `${kind}-${number}`
    scene.base = join(shared.base, scene.tenantId)
    scene.traffic = new Traffic({ phone, contacts, group, random })
    scene.proxy = await StoreProxy.open(stage.storeUrl)
    return scene
  }

  /** A host with a disk of its own; the same name again is the same disk. */
  host(name, options = {}) {
    const host = new SceneHost(this, name, options)
    this.#hosts.push(host)
    return host
  }

  /** The first host, paired, with a message each way. */
  async pairedHost(options) {
    const host = this.host('first', options)
    await host.start()
    await this.up(host)
    this.mayPair = false
    return host
  }

  /** Connected, no commit lost, with a message each way. @returns whether it is */
  async up(host, known = 0) {
    const up = await host.connected()
    if (!this.expect(up?.type === 'connected', 'not usable', `${host.name}: ${JSON.stringify(up)}`))
      return false
    this.expect(up.generation >= known, 'a commit was lost', `head ${up.generation} after ${known}`)
    return this.flow(host)
  }

  async flow(host) {
    const { contacts, phone, random, shared, traffic } = this
    const { worker } = host
    const blocked = await messagesFlow({ wa: shared.wa, worker, phone, contacts, traffic, random })
    return this.expect(blocked === null, 'not usable', `${host.name}: ${blocked}`)
  }

  expect(holds, kind, detail) {
    if (!holds) {
      this.shared.tally.violation(kind, this.tenantId, detail)
      this.say(`VIOLATION ${kind}: ${detail}`)
    }
    return holds
  }

  say(line) {
    this.shared.say(`${this.tenantId}: ${line}`)
  }

  get logins() {
    return [...this.phone.companions.values()].reduce((sum, { logins }) => sum + logins, 0)
  }

  get online() {
    return this.phone.devices.some(({ online }) => online)
  }

  async head() {
    return (await this.gate.direct.read(this.tenantId))?.head ?? null
  }

  /** The committed files, as any host would restore them. */
  async restored() {
    return this.shared.project.restoreGeneration(this.#stage.store, this.tenantId, await this.head())
  }

  /** As a host's configuration names it: through the proxy. */
  get storeConfig() {
    const { key, bucket } = this.#stage
    return { kind: 'supabase', url: this.proxy.url, key, bucket, timeoutMs: storeTimeoutMs }
  }

  count(category) {
    countInto(this, category)
  }

  async close() {
    for (const { worker } of this.#hosts) if (worker && !worker.gone) await worker.kill()
    await this.traffic.end()
    await this.proxy.close()
  }
}

/** One process after the other on one disk. */
class SceneHost {
  name
  root
  worker = null
  committedSeq = 0
  acknowledged = null
  #scene
  #signals
  #settings

  constructor(scene, name, { signals = false, settings = {} }) {
    this.#scene = scene
    this.#signals = signals
    this.#settings = settings
    this.name = name
    this.root = join(scene.base, name)
  }

  get folder() {
    return join(this.root, this.#scene.tenantId)
  }

  async start() {
    const { sendAfterBackup, shared, storeConfig: store, tenantId, gate } = this.#scene
    this.worker = new WorkerProcess(shared.dist)
    this.acknowledged = new Acknowledged(inspectFolder(this.folder).files)
    this.worker.onSaid((event) => this.#heard(event))
    await this.says('ready')
    const { url, rootPublicKey } = shared.wa
    const settings = { ...hurried, replacedRetryMs: 1_000, sendAfterBackup, ...this.#settings }
    const place = { sessionPath: this.root, store, registryPath: null, tenantId }
    this.worker.go(
      { ...place, url, rootPublicKey, settings, signals: this.#signals },
      gate.connection(this.name),
    )
  }

  says(type, since = 0) {
    return this.worker.until((event) => event.type === type, upLimitMs, since)
  }

  connected(since = 0) {
    const over = ({ type }) => type === 'connected' || type === 'closed'
    return this.worker.until(over, upLimitMs, since)
  }

  said(type) {
    return this.worker.said.filter((event) => event.type === type)
  }

  /** Everything acknowledged is committed, and nothing more is written. */
  async backedUp() {
    for (;;) {
      const since = this.worker.said.length
      this.worker.command('backup')
      if ((await this.says('backed up', since)) === null) return false
      await delay(200)
      if (!this.worker.said.slice(since).some(({ type }) => type === 'write')) return true
    }
  }

  async shutDown() {
    this.worker.command('shutdown')
    const down = await this.says('down')
    this.#scene.expect(down?.unprotected === 0, 'no orderly shutdown', JSON.stringify(down))
    await this.worker.kill()
  }

  #heard(event) {
    const scene = this.#scene
    this.acknowledged.heard(event)
    if (event.type === 'generation.committed') this.committedSeq = event.seq
    if (event.type === 'qr') {
      const { phone, shared } = scene
      if (scene.mayPair) shared.tally.qrExpected++
      else shared.tally.qrUnexpected++
      if (scene.expect(scene.mayPair, 'a code was asked for', this.name)) phone.scan(event.qr).catch(() => {})
    }
    const odd =
      ['log', 'failed', 'closed', 'socket.closed'].includes(event.type) || event.type.endsWith('.failed')
    if (odd && !event.message?.startsWith('Node 24')) scene.say(`${this.name}: ${JSON.stringify(event)}`)
  }
}
