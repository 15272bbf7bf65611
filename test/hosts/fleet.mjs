import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./host.mjs', import.meta.url))
const now = () => performance.now()

/** Host processes on one registry and one store, and who is connected where. */
export class Fleet {
  /** What must stay 0, since the last `forget`. */
  counted = { qr: 0, replaced: 0, unprotected: 0, lostWrites: 0 }
  /** Times without a connection, milliseconds, since the last `forget`. */
  gaps = []
  #config
  #say
  #whatsapp
  #hosts = new Map()
  /** By tenant: the host that it is connected at, or null, and since when. */
  #tenants = new Map()

  /** @param config of a host, without `name` and `sessionPath`; `base` is where their disks are */
  constructor({ config, base, say }) {
    this.#config = { ...config, base }
    this.#say = say
  }

  set whatsapp(whatsapp) {
    this.#whatsapp = whatsapp
  }

  configure(more) {
    Object.assign(this.#config, more)
  }

  get names() {
    return [...this.#hosts.keys()]
  }

  add(tenantId) {
    this.#tenants.set(tenantId, { host: null, since: now() })
  }

  /** A process on the disk of that name; resolves when it is at work. */
  async start(name) {
    const child = fork(script, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const host = { child, isReady: Promise.withResolvers?.() ?? deferred() }
    this.#hosts.set(name, host)
    child.on('message', (message) => this.#heard(name, message))
    child.once('exit', (code, signal) => {
      host.isReady.reject(new Error(`host ${name} ended: ${code ?? signal}`))
      // A child that dies says nothing more: its connections are gone with it.
      for (const [tenantId, { host: at }] of this.#tenants) if (at === name) this.closed(tenantId, name, 0)
    })
    host.isReady.promise.catch(() => {})
    const { base, ...config } = this.#config
    child.send({ config: { ...config, name, sessionPath: join(base, name) } })
    await host.isReady.promise
  }

  ask(name, message) {
    this.#hosts.get(name).child.send(message, () => {})
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(name) {
    await this.#end(name, 'SIGKILL')
  }

  /** SIGTERM; resolves when it has shut down. */
  async stop(name) {
    await this.#end(name, 'SIGTERM')
  }

  async #end(name, signal) {
    const { child } = this.#hosts.get(name)
    this.#hosts.delete(name)
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async killAll() {
    await Promise.all(this.names.map((name) => this.kill(name)))
  }

  #heard(name, { type, tenantId, qr, code, unsaved, unprotected, text, reason }) {
    if (type === 'ready') this.#hosts.get(name)?.isReady.resolve()
    if (type === 'log') this.#say(`${name}: ${text}`)
    if (type === 'down') this.counted.unprotected += unprotected
    // What is told again by `down` is counted once; of others, an end that leaves something is one too many.
    if (type === 'ended' && unsaved > 0)
      this.#say(`${name}: ${tenantId} ended (${reason}), ${unsaved} unsaved`)
    if (type === 'ended' && unsaved > 0 && this.#hosts.has(name)) this.counted.unprotected++
    if (type === 'opened') this.opened(tenantId, name)
    if (type === 'closed') this.closed(tenantId, name, code)
    if (type !== 'qr') return
    this.counted.qr++
    this.#whatsapp.scan(tenantId, qr)
  }

  opened(tenantId, host) {
    const { host: before, since } = this.#tenants.get(tenantId)
    if (before === null) this.gaps.push(now() - since)
    this.#tenants.set(tenantId, { host, since: now() })
  }

  closed(tenantId, host, code) {
    if (code === 440) this.counted.replaced++
    if (this.#tenants.get(tenantId).host === host) this.#tenants.set(tenantId, { host: null, since: now() })
  }

  lost(tenantId, count) {
    this.#say(`${tenantId} lacks ${count} writes`)
    this.counted.lostWrites += count
  }

  forget() {
    this.counted = { qr: 0, replaced: 0, unprotected: 0, lostWrites: 0 }
    this.gaps = []
  }

  /** Tenants connected at a host. */
  at(name) {
    return [...this.#tenants].filter(([, { host }]) => host === name).map(([tenantId]) => tenantId)
  }

  get counts() {
    return this.names.map((name) => this.at(name).length)
  }

  areConnected(tenantIds) {
    return tenantIds.every((tenantId) => this.#tenants.get(tenantId).host !== null)
  }

  /** Everybody is connected, and no host has more than one tenant above another. */
  get isEven() {
    const { counts } = this
    return this.areConnected([...this.#tenants.keys()]) && Math.max(...counts) - Math.min(...counts) <= 1
  }

  get areAllConnected() {
    return this.areConnected([...this.#tenants.keys()])
  }

  /** @returns milliseconds until `reached`; null when it was not within `limitMs` */
  async until(reached, limitMs) {
    const since = now()
    while (!reached()) {
      if (now() - since > limitMs) return null
      await delay(20)
    }
    return Math.round(now() - since)
  }
}

function deferred() {
  let resolve
  let reject
  const promise = new Promise((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
