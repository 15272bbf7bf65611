import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./parent.mjs', import.meta.url))

/** A host under test: the parent process and what it tells. */
export class HostUnderTest {
  logs = []
  facts = []
  alerts = []
  ended = []
  down = null
  refused = null
  #child
  #answers = new Map()
  #lastId = 0
  #ready

  constructor(config, { env, say }) {
    this.#child = fork(script, [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    })
    this.#ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        if (message.type === 'ready') resolve()
        if (message.type === 'refused') {
          this.refused = message
          reject(new Error(`refused: ${message.code}: ${message.text}`))
        }
        this.#heard(message, say)
      })
      this.#child.once('exit', () => reject(new Error('the parent ended before it was ready')))
    })
    this.#ready.catch(() => {})
    this.#child.send(config)
  }

  get ready() {
    return this.#ready
  }

  get pid() {
    return this.#child.pid
  }

  get exitCode() {
    return this.#child.exitCode
  }

  ask(ask, ...args) {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject })
      this.#child.send({ id, ask, args })
    })
  }

  /** Resolves when the parent is gone. */
  async end(signal) {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }

  #heard(message, say) {
    if (message.type === 'log') {
      this.logs.push(message)
      if (message.level !== 'info') say(`${message.level}: ${message.text}`)
    }
    if (message.type === 'fact') this.facts.push(message)
    if (message.type === 'alert') this.alerts.push(message)
    if (message.type === 'ended') this.ended.push(message)
    if (message.type === 'down') this.down = message
    if (message.type !== 'answer') return
    const { resolve, reject } = this.#answers.get(message.id)
    this.#answers.delete(message.id)
    if (message.error) reject(new Error(message.error))
    else resolve(message.value)
  }
}

/** @returns milliseconds until `reached`; null when it was not within `limitMs` */
export async function until(reached, limitMs) {
  const since = performance.now()
  while (!(await reached())) {
    if (performance.now() - since > limitMs) return null
    await delay(20)
  }
  return Math.round(performance.now() - since)
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    // A process that nobody has waited for answers signals, too.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
