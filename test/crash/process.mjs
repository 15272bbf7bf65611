import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { answerFor } from './registry-proxy.mjs'

const script = fileURLToPath(new URL('./worker.mjs', import.meta.url))

/** One worker process: what it said, in order, and the ways to command and to kill it. */
export class WorkerProcess {
  said = []
  gone = false
  stderr = ''
  #child
  #registry = null
  #waiting = new Set()
  #listeners = []
  #ended

  constructor(dist) {
    this.#child = spawn(process.execPath, [script, dist], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child.stderr.on('data', (chunk) => {
      this.stderr = (this.stderr + chunk).slice(-4_000)
    })
    this.#read(this.#child.stdio[3])
    this.#child.on('message', (message) => void this.#answer(message))
    const closed = new Promise((resolve) => this.#child.once('close', resolve))
    const disconnected = new Promise((resolve) => this.#child.once('disconnect', resolve))
    // Both: what was said and what was asked of the registry before the end have arrived by then.
    this.#ended = Promise.all([closed, disconnected]).then(() => {
      this.gone = true
      for (const look of [...this.#waiting]) look()
    })
  }

  onSaid(listener) {
    this.#listeners.push(listener)
  }

  go(config, registry) {
    this.#registry = registry
    this.command('go', { config })
  }

  command(command, fields = {}) {
    if (this.#child.connected) this.#child.send({ command, ...fields }, () => {})
  }

  /** The first thing said from `since` on that `wanted` accepts; null after `timeoutMs` or when it has died. */
  until(wanted, timeoutMs, since = 0) {
    return new Promise((resolve) => {
      let next = since
      const finish = (event) => {
        this.#waiting.delete(look)
        clearTimeout(timer)
        resolve(event)
      }
      const look = () => {
        for (; next < this.said.length; next++) if (wanted(this.said[next])) return finish(this.said[next])
        if (this.gone) finish(null)
      }
      const timer = setTimeout(() => finish(null), timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }

  /** Nothing is said by a process that was stopped, and everything sent to it waits. */
  signal(name) {
    this.#child.kill(name)
  }

  async kill() {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Resolves when the process is gone. */
  ended() {
    return this.#ended
  }

  #read(pipe) {
    let rest = ''
    pipe.setEncoding('utf8')
    pipe.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()
      for (const line of lines) this.#heard(JSON.parse(line))
    })
  }

  #heard(event) {
    this.said.push(event)
    for (const listener of this.#listeners) listener(event)
    for (const look of [...this.#waiting]) look()
  }

  async #answer(message) {
    if (message.request === undefined) return
    const answer = await answerFor(this.#registry, message)
    if (this.#child.connected) this.#child.send(answer, () => {})
  }
}
